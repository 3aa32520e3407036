"""People who come in by themselves, and what a tenant does and keeps."""

from django.db import migrations, models

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch


FUNCTIONS = f"""
GRANT SELECT (tenant_id, code, token_digest, accepted_at, expires_at) ON tenants_invitation TO {DISPATCH_ROLE};
CREATE POLICY dispatch_routes ON tenants_invitation FOR SELECT TO {DISPATCH_ROLE} USING (true);

CREATE FUNCTION tenants_invitation_route(digest text)
RETURNS TABLE (tenant_id uuid, invitation_code uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT i.tenant_id, i.code FROM tenants_invitation i
   WHERE i.token_digest = digest AND digest <> '' AND i.accepted_at IS NULL AND i.expires_at > clock_timestamp()
$$;

ALTER FUNCTION tenants_invitation_route(text) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION tenants_invitation_route(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_invitation_route(text) TO {APP_ROLE};
RESET ROLE;
"""
TAKE_DOWN = """
DROP FUNCTION tenants_invitation_route(text);
DROP POLICY dispatch_routes ON tenants_invitation;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0002_brand_colour'),
    ]

    operations = [
        migrations.AddField(
            model_name='invitation',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='token_digest',
            field=models.CharField(blank=True, db_default='', db_index=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='tenant',
            name='audit_months',
            field=models.PositiveSmallIntegerField(db_default=24, default=24),
        ),
        migrations.AddField(
            model_name='tenant',
            name='closed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='tenant',
            name='label_days',
            field=models.PositiveSmallIntegerField(db_default=90, default=90),
        ),
        migrations.AddField(
            model_name='tenant',
            name='party_days',
            field=models.PositiveSmallIntegerField(db_default=180, default=180),
        ),
        migrations.AddField(
            model_name='tenant',
            name='paused_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='tenant',
            name='receipt_days',
            field=models.PositiveSmallIntegerField(db_default=30, default=30),
        ),
        # Whoever was a customer before this release goes on shipping; whoever comes after it goes live by herself. The
        # default does it: row security hides the rows from an UPDATE by the owner of the tables.
        migrations.AddField(
            model_name='tenant',
            name='shipping_mode',
            field=models.CharField(choices=[('off', 'nothing is shipped yet'), ('automatic', 'shipped by itself'), ('approval', 'shipped once a person has approved it')], db_default='automatic', default='off', max_length=9),
        ),
        migrations.AlterField(
            model_name='tenant',
            name='shipping_mode',
            field=models.CharField(choices=[('off', 'nothing is shipped yet'), ('automatic', 'shipped by itself'), ('approval', 'shipped once a person has approved it')], db_default='off', default='off', max_length=9),
        ),
        migrations.AddField(
            model_name='tenant',
            name='ships_from_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=2),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(('shipping_mode__in', ['off', 'automatic', 'approval'])), name='tenant_mode_known'),
        ),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
    ]
