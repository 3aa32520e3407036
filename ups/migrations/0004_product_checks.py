"""What was found about each API product of the customer's UPS app."""

import connector_site.lib.references
import django.db.models.deletion
from django.db import migrations, models

from connector_site.lib.row_security import wall


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0003_people_and_going_live'),
        ('ups', '0003_track_alert_wall'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProductCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('product', models.CharField(choices=[('token', 'Client ID and secret'), ('shipping', 'Shipping'), ('rating', 'Rating'), ('tracking', 'Tracking'), ('track_alert', 'UPS Track Alert'), ('quantum_view', 'Quantum View'), ('address_validation', 'Address Validation')], max_length=20)),
                ('outcome', models.CharField(choices=[('good', 'in order'), ('not_added', 'not added to the app'), ('refused', 'refused'), ('unknown', 'not known')], max_length=10)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('ups_code', models.CharField(blank=True, default='', max_length=20)),
                ('checked_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='product_checks', to='ups.account')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'account', 'product'), name='ups_product_check_once'), models.CheckConstraint(condition=models.Q(('outcome__in', ['good', 'not_added', 'refused', 'unknown'])), name='ups_product_outcome_known')],
            },
        ),
        wall("ups_productcheck", references={"account_id": "ups_account"}),
    ]
