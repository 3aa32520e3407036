"""Daily work: views, notes, whose turn it is, previews, packing stations, figures, returns."""

import connector_site.lib.references
import connector_site.lib.secrets
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from connector_site.lib.row_security import wall


class Migration(migrations.Migration):

    dependencies = [
        ('exact', '0006_closed_and_unused'),
        ('syncjobs', '0016_exceptions'),
        ('tenants', '0007_desk'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Attention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('subject_kind', models.CharField(max_length=20)),
                ('subject', models.UUIDField()),
                ('snoozed_until', models.DateTimeField(null=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name_plural': 'attention',
            },
        ),
        migrations.CreateModel(
            name='Counting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('counted_to_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DayFigures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('day', models.DateField()),
                ('service_code', models.CharField(max_length=3)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('shipments', models.PositiveIntegerField(default=0)),
                ('parcels', models.PositiveIntegerField(default=0)),
                ('delivered', models.PositiveIntegerField(default=0)),
                ('exceptions', models.PositiveIntegerField(default=0)),
                ('promised', models.PositiveIntegerField(default=0)),
                ('on_time', models.PositiveIntegerField(default=0)),
                ('charged_amount', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ('quoted', models.PositiveIntegerField(default=0)),
                ('quoted_amount', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ('charged_of_quoted', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ('label_seconds', models.BigIntegerField(default=0)),
                ('label_classes', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=5)),
                ('counted_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'day figures',
            },
        ),
        migrations.CreateModel(
            name='NewsChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('kind', models.CharField(max_length=30)),
                ('mail', models.CharField(choices=[('never', 'never'), ('at_once', 'at once'), ('digest', 'once a day')], max_length=7)),
                ('on_site', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='NewsMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('read_to_at', models.DateTimeField(null=True)),
                ('digest_date', models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('sealed_key', connector_site.lib.secrets.SealedField(null=True)),
                ('sealed', connector_site.lib.secrets.SealedField(null=True)),
                ('erased_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Preview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('action', models.CharField(choices=[('replay', 'run again'), ('ship_again', 'ship again'), ('return', 'return label')], max_length=10)),
                ('batch', models.UUIDField(null=True)),
                ('asked_by', models.CharField(max_length=80)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
                ('content_hash', models.CharField(blank=True, default='', max_length=64)),
                ('quoted_amount', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('quoted_currency', models.CharField(blank=True, default='', max_length=3)),
                ('sealed_result', connector_site.lib.secrets.SealedField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='PrintJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('taken_at', models.DateTimeField(null=True)),
                ('batch', models.UUIDField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('question', models.JSONField(default=dict)),
                ('is_shared', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Station',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('warehouse_code', models.CharField(blank=True, default='', max_length=40)),
                ('takes_new', models.BooleanField(default=False)),
                ('paper', models.CharField(choices=[('label', 'Labels, one to a page'), ('a4', 'A4 sheets of four labels'), ('letter', 'Letter sheets of four labels')], default='label', max_length=6)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='attempt',
            name='quoted_amount',
            field=models.DecimalField(decimal_places=2, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='quoted_currency',
            field=models.CharField(blank=True, db_default='', default='', max_length=3),
        ),
        migrations.AddField(
            model_name='delivery',
            name='packed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='packed_content',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='delivery',
            name='packing',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='printed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='return_of',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='syncjobs.delivery'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='warehouse_code',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
        migrations.AddField(
            model_name='label',
            name='printed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='label',
            name='prints',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='parcel',
            name='had_exception',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='parcel',
            name='promised_date',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='parcel',
            name='void_asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='parcel',
            name='void_refusal',
            field=models.CharField(blank=True, db_default='', default='', max_length=250),
        ),
        migrations.AddField(
            model_name='parcel',
            name='voided_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='shipment',
            name='country',
            field=models.CharField(blank=True, db_default='', default='', max_length=2),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='exact_entry_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name='syncjob',
            name='kind',
            field=models.CharField(choices=[('read', 'read the delivery from Exact'), ('gone', 'deal with a delivery deleted in Exact'), ('ship', 'make the UPS shipment'), ('report', 'write the tracking number to Exact'), ('recheck', 'see whether a hold was fixed'), ('subscribe', "subscribe to Exact's notifications"), ('methods', 'read the shipping methods'), ('master', 'read changed master data'), ('events', "take in what UPS told of a delivery's parcels"), ('look', "ask UPS where a delivery's parcels are"), ('confirm', "ask UPS whether a parcel's way has ended"), ('alert', "have UPS tell us of an account's parcels"), ('view', "read an account's Quantum View"), ('status', 'write the milestone to Exact'), ('proof', 'put the proof of delivery into Exact'), ('settle', 'find out what became of a shipment'), ('changes', 'read what changed in Exact'), ('compare', 'compare everything that is open with Exact'), ('reconcile', 'compare Exact, UPS and us'), ('warehouses', 'read the warehouses and their addresses'), ('dry_run', 'show what would become of the last deliveries'), ('begin', 'look again at what waited until shipping began'), ('retain', 'delete what was kept long enough'), ('export', "put the customer's data into one archive"), ('preview', 'look up what an action would do'), ('void', 'void single parcels'), ('figures', 'count what shipments became'), ('verify', 'check the audit trail now'), ('close', 'end what is left of a customer who leaves')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('exact_entry_id__isnull', False), ('return_of', None)), models.Q(('exact_entry_id', None), ('return_of__isnull', False)), _connector='OR'), name='delivery_of_exact_or_return'),
        ),
        migrations.AddField(
            model_name='attention',
            name='assigned_to',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='attention',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='counting',
            name='tenant',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='dayfigures',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='newschoice',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='newschoice',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='newsmark',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='newsmark',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='note',
            name='author',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='note',
            name='delivery',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='syncjobs.delivery'),
        ),
        migrations.AddField(
            model_name='note',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='preview',
            name='delivery',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='syncjobs.delivery'),
        ),
        migrations.AddField(
            model_name='preview',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='printjob',
            name='label',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='print_jobs', to='syncjobs.label'),
        ),
        migrations.AddField(
            model_name='printjob',
            name='taken_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='printjob',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='station',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='printjob',
            name='station',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.station'),
        ),
        migrations.AddIndex(
            model_name='attention',
            index=models.Index(condition=models.Q(('snoozed_until__isnull', False)), fields=['tenant', 'snoozed_until'], name='attention_snoozed'),
        ),
        migrations.AddConstraint(
            model_name='attention',
            constraint=models.UniqueConstraint(fields=('tenant', 'subject_kind', 'subject'), name='attention_once'),
        ),
        migrations.AddConstraint(
            model_name='dayfigures',
            constraint=models.UniqueConstraint(fields=('tenant', 'day', 'service_code', 'country', 'currency'), name='day_figures_once'),
        ),
        migrations.AddConstraint(
            model_name='newschoice',
            constraint=models.UniqueConstraint(fields=('tenant', 'user', 'kind'), name='news_choice_once'),
        ),
        migrations.AddConstraint(
            model_name='newsmark',
            constraint=models.UniqueConstraint(fields=('tenant', 'user'), name='news_mark_once'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['tenant', 'delivery', 'created_at'], name='note_of_delivery'),
        ),
        migrations.AddIndex(
            model_name='preview',
            index=models.Index(fields=['tenant', 'delivery', '-asked_at'], name='preview_of_delivery'),
        ),
        migrations.AddIndex(
            model_name='preview',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['tenant', 'batch'], name='preview_of_batch'),
        ),
        migrations.AddIndex(
            model_name='preview',
            index=models.Index(fields=['tenant', 'asked_at'], name='preview_oldest'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('tenant', 'user', 'name'), name='saved_view_name_once'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('tenant', 'name'), name='station_name_once'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None), ('takes_new', True)), fields=('tenant', 'warehouse_code'), name='station_takes_a_warehouse_alone'),
        ),
        migrations.AddIndex(
            model_name='printjob',
            index=models.Index(condition=models.Q(('taken_at', None)), fields=['tenant', 'station', 'asked_at'], name='print_job_waiting'),
        ),
        migrations.AddIndex(
            model_name='printjob',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['tenant', 'batch'], name='print_job_batch'),
        ),
        migrations.AddConstraint(
            model_name='printjob',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_at', None)), fields=('tenant', 'station', 'label'), name='print_job_open_once'),
        ),
        migrations.AddConstraint(
            model_name='printjob',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('batch', None), ('taken_at', None)), models.Q(('batch__isnull', False), ('taken_at__isnull', False)), _connector='OR'), name='print_job_taken_in_a_batch'),
        ),
        wall("syncjobs_attention"),
        wall("syncjobs_counting"),
        wall("syncjobs_dayfigures"),
        wall("syncjobs_newschoice"),
        wall("syncjobs_newsmark"),
        wall("syncjobs_savedview"),
        wall("syncjobs_station"),
        wall("syncjobs_note", references={"delivery_id": "syncjobs_delivery"}),
        wall("syncjobs_preview", references={"delivery_id": "syncjobs_delivery"}),
        wall("syncjobs_printjob", references={"station_id": "syncjobs_station", "label_id": "syncjobs_label"}),
        migrations.RunSQL(
            'ALTER TABLE syncjobs_delivery ADD CONSTRAINT syncjobs_delivery_return_of_id_same_tenant FOREIGN KEY'
            ' (tenant_id, return_of_id) REFERENCES syncjobs_delivery (tenant_id, id) DEFERRABLE INITIALLY DEFERRED',
            'ALTER TABLE syncjobs_delivery DROP CONSTRAINT syncjobs_delivery_return_of_id_same_tenant',
        ),
    ]
