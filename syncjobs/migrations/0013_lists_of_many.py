"""What waits for a person, what is at work and whose proof is missing is found without looking at all deliveries."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('exact', '0005_links_that_wait'),
        ('syncjobs', '0012_personal_data'),
        ('tenants', '0004_encrypt_second_factors'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ['received', 'ready', 'shipping', 'labelled'])), fields=['tenant', 'connection'], name='delivery_at_work'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('proof_problem', ''), _negated=True), fields=['tenant', 'changed_at'], name='delivery_without_proof'),
        ),
    ]
