"""Checks of the trail that a person asked for."""

import connector_site.lib.references
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from connector_site.lib.row_security import wall


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_pruning'),
        ('tenants', '0007_desk'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChainCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('events', models.BigIntegerField(null=True)),
                ('head_sequence', models.BigIntegerField(null=True)),
                ('head_hash', models.CharField(blank=True, default='', max_length=64)),
                ('broken_at', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='chaincheck',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='chaincheck',
            index=models.Index(fields=['tenant', '-asked_at'], name='chain_check_newest'),
        ),
        wall("audit_chaincheck"),
    ]
