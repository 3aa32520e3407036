"""Keys for machines, and light or dark pages."""

import connector_site.lib.references
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from connector_site.lib.row_security import wall


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_bind_second_factors'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='theme',
            field=models.CharField(choices=[('auto', 'as the device'), ('light', 'light'), ('dark', 'dark')], db_default='auto', default='auto', max_length=5),
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('operator', 'Operator'), ('viewer', 'Viewer')], max_length=10)),
                ('token_digest', models.CharField(db_index=True, max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'API key',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'token_digest'), name='api_key_once'), models.CheckConstraint(condition=models.Q(('role__in', ['operator', 'viewer'])), name='api_key_role_known')],
            },
        ),
        wall("tenants_apikey"),
    ]
