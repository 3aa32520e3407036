"""Plans that were made before a company resumed, or before it changed what it ships how, are made anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_encrypt_second_factors")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="plans_from_at",
            field=models.DateTimeField(null=True),
        ),
    ]
