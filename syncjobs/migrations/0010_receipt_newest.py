"""The newest message of a customer is found without looking at the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0009_onboarding")]

    operations = [
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["tenant", "source", "-received_at"], name="receipt_newest"),
        ),
    ]
