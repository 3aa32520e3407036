"""Ship-from addresses, dry runs, exports, approval, and keys of their own for what shows a person."""

import connector_site.lib.references
import connector_site.lib.secrets
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from connector_site.lib.row_security import wall


class Migration(migrations.Migration):

    dependencies = [
        ('exact', '0004_consent_links'),
        ('syncjobs', '0008_alarm_mails'),
        ('tenants', '0003_people_and_going_live'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='approved_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='label',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='label',
            name='sealed_key',
            field=connector_site.lib.secrets.SealedField(null=True),
        ),
        migrations.AddField(
            model_name='partyaddress',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='partyaddress',
            name='sealed_key',
            field=connector_site.lib.secrets.SealedField(null=True),
        ),
        migrations.AddField(
            model_name='shippingrule',
            name='label_size',
            field=models.CharField(choices=[('4x6', '4 x 6 inches (10 x 15 cm)'), ('4x8', '4 x 8 inches (10 x 20 cm)')], db_default='4x6', default='4x6', max_length=3),
        ),
        migrations.AlterField(
            model_name='label',
            name='content',
            field=connector_site.lib.secrets.EncryptedBytesField(null=True),
        ),
        migrations.AlterField(
            model_name='partyaddress',
            name='sealed',
            field=connector_site.lib.secrets.SealedField(null=True),
        ),
        migrations.AlterField(
            model_name='syncjob',
            name='kind',
            field=models.CharField(choices=[('read', 'read the delivery from Exact'), ('gone', 'deal with a delivery deleted in Exact'), ('ship', 'make the UPS shipment'), ('report', 'write the tracking number to Exact'), ('recheck', 'see whether a hold was fixed'), ('subscribe', "subscribe to Exact's notifications"), ('methods', 'read the shipping methods'), ('master', 'read changed master data'), ('events', "take in what UPS told of a delivery's parcels"), ('look', "ask UPS where a delivery's parcels are"), ('confirm', "ask UPS whether a parcel's way has ended"), ('alert', "have UPS tell us of an account's parcels"), ('view', "read an account's Quantum View"), ('status', 'write the milestone to Exact'), ('proof', 'put the proof of delivery into Exact'), ('settle', 'find out what became of a shipment'), ('changes', 'read what changed in Exact'), ('compare', 'compare everything that is open with Exact'), ('reconcile', 'compare Exact, UPS and us'), ('warehouses', 'read the warehouses and their addresses'), ('dry_run', 'show what would become of the last deliveries'), ('retain', 'delete what was kept long enough'), ('export', "put the customer's data into one archive"), ('close', 'end what is left of a customer who leaves')], max_length=10),
        ),
        migrations.CreateModel(
            name='DryRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('sealed_results', connector_site.lib.secrets.SealedField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exact.connection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', '-asked_at'], name='dry_run_newest')],
            },
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('asked_by', models.UUIDField()),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('size_bytes', models.PositiveBigIntegerField(null=True)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('content', connector_site.lib.secrets.EncryptedBytesField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', '-asked_at'], name='export_newest')],
            },
        ),
        migrations.CreateModel(
            name='ShipFrom',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('warehouse_code', models.CharField(blank=True, default='', max_length=40)),
                ('company_name', models.CharField(max_length=35)),
                ('attention_name', models.CharField(blank=True, max_length=35)),
                ('address_line_1', models.CharField(max_length=35)),
                ('address_line_2', models.CharField(blank=True, max_length=35)),
                ('address_line_3', models.CharField(blank=True, max_length=35)),
                ('postal_code', models.CharField(blank=True, max_length=9)),
                ('city', models.CharField(max_length=30)),
                ('state', models.CharField(blank=True, max_length=5)),
                ('country', models.CharField(max_length=2)),
                ('phone', models.CharField(blank=True, max_length=30)),
                ('email', models.CharField(blank=True, max_length=50)),
                ('checked_at', models.DateTimeField(null=True)),
                ('check_problem', models.CharField(blank=True, default='', max_length=500)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exact.connection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'connection', 'warehouse_code'), name='ship_from_once')],
            },
        ),
        wall("syncjobs_dryrun", references={"connection_id": "exact_connection"}),
        wall("syncjobs_export"),
        wall("syncjobs_shipfrom", references={"connection_id": "exact_connection"}),
    ]
