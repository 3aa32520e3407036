"""What somebody shared with her colleagues stays when she leaves, and is nobody's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0025_print_jobs_once")]

    operations = [
        migrations.AlterField(
            model_name="savedview",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
