"""Warehouses, links for the colleague with the Exact rights, and what was seen of a connection."""

import connector_site.lib.references
import connector_site.lib.secrets
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch, wall


FUNCTIONS = f"""
GRANT SELECT (tenant_id, code, token_digest, expires_at, given_at, ended_at) ON exact_consentlink TO {DISPATCH_ROLE};
CREATE POLICY dispatch_routes ON exact_consentlink FOR SELECT TO {DISPATCH_ROLE} USING (true);

CREATE FUNCTION exact_consent_link_route(digest text)
RETURNS TABLE (tenant_id uuid, link_code uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT l.tenant_id, l.code FROM exact_consentlink l
   WHERE l.token_digest = digest AND digest <> '' AND l.given_at IS NULL AND l.ended_at IS NULL
     AND l.expires_at > clock_timestamp()
$$;

ALTER FUNCTION exact_consent_link_route(text) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION exact_consent_link_route(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exact_consent_link_route(text) TO {APP_ROLE};
RESET ROLE;
"""
TAKE_DOWN = """
DROP FUNCTION exact_consent_link_route(text);
DROP POLICY dispatch_routes ON exact_consentlink;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('exact', '0003_left_over'),
        ('tenants', '0003_people_and_going_live'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='hook_validated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='rights',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='connection',
            name='rights_checked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='sealed_address',
            field=connector_site.lib.secrets.SealedField(null=True),
        ),
        migrations.CreateModel(
            name='ConsentLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('token_digest', models.CharField(db_index=True, max_length=64)),
                ('site', models.CharField(choices=[('nl', 'Netherlands'), ('be', 'Belgium'), ('de', 'Germany'), ('fr', 'France'), ('es', 'Spain'), ('uk', 'United Kingdom'), ('us', 'United States')], max_length=2)),
                ('made_by', models.UUIDField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('sealed_answer', connector_site.lib.secrets.SealedField(null=True)),
                ('given_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('grant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='consent_links', to='exact.grant')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('site__in', ['nl', 'be', 'de', 'fr', 'es', 'uk', 'us'])), name='exact_consent_link_site_known')],
            },
        ),
        migrations.CreateModel(
            name='Warehouse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True)),
                ('exact_id', models.UUIDField()),
                ('exact_code', models.CharField(max_length=40)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('is_main', models.BooleanField(default=False)),
                ('sealed_address', connector_site.lib.secrets.SealedField(null=True)),
                ('read_at', models.DateTimeField()),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='warehouses', to='exact.connection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'connection', 'exact_id'), name='exact_warehouse_once')],
            },
        ),
        wall("exact_warehouse", references={"connection_id": "exact_connection"}),
        wall("exact_consentlink"),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
    ]
