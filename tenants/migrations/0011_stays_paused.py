"""The company's own pause under that of the operating team; none is known of earlier pauses."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_paused_by_staff")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="stays_paused",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
