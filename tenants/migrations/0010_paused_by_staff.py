"""Who paused: what a company paused itself is not resumed by the operating team. So it is taken of earlier pauses."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_no_keys_to_closed")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="is_paused_by_staff",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
