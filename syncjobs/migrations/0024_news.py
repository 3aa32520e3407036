"""Whom a mail of the day is due to, found across companies; what a person was told, newest first."""

from django.db import migrations, models

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

FUNCTIONS = f"""
CREATE FUNCTION syncjobs_digests_due(moment timestamptz, sent_at time) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT c.tenant_id
      FROM syncjobs_newschoice c JOIN tenants_tenant t ON t.id = c.tenant_id
      LEFT JOIN syncjobs_newsmark k ON k.tenant_id = c.tenant_id AND k.user_id = c.user_id
     WHERE c.mail = 'digest' AND t.closed_at IS NULL AND (moment AT TIME ZONE t.time_zone)::time >= sent_at
       AND (k.digest_date IS NULL OR k.digest_date < (moment AT TIME ZONE t.time_zone)::date)
$$;
ALTER FUNCTION syncjobs_digests_due(timestamptz, time) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_digests_due(timestamptz, time) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_digests_due(timestamptz, time) TO {APP_ROLE};

GRANT SELECT (tenant_id, user_id, mail) ON syncjobs_newschoice TO {DISPATCH_ROLE};
GRANT SELECT (tenant_id, user_id, digest_date) ON syncjobs_newsmark TO {DISPATCH_ROLE};
GRANT SELECT (id, closed_at, time_zone) ON tenants_tenant TO {DISPATCH_ROLE};
CREATE POLICY dispatch_reads ON syncjobs_newschoice FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON syncjobs_newsmark FOR SELECT TO {DISPATCH_ROLE} USING (true);
"""  # noqa: S608  role names are constants
TAKE_DOWN = """
DROP POLICY dispatch_reads ON syncjobs_newsmark;
DROP POLICY dispatch_reads ON syncjobs_newschoice;
DROP FUNCTION syncjobs_digests_due(timestamptz, time);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("exact", "0006_closed_and_unused"),
        ("syncjobs", "0023_print_jobs_taken"),
        ("tenants", "0007_desk"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="alarm", index=models.Index(fields=["tenant", "-raised_at", "-id"], name="alarm_newest")
        ),
        migrations.AddIndex(
            model_name="newschoice",
            index=models.Index(
                condition=models.Q(("mail", "digest")), fields=["tenant", "user"], name="news_choice_digest"
            ),
        ),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
    ]
