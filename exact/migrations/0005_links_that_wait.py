"""Permissions that wait on a link, links whose time is over, and the first call of Exact to an address of ours."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

FUNCTIONS = f"""
GRANT SELECT (grant_id) ON exact_consentlink TO {DISPATCH_ROLE};
GRANT SELECT (hook_validated_at), UPDATE (hook_validated_at) ON exact_connection TO {DISPATCH_ROLE};
CREATE POLICY dispatch_validates ON exact_connection FOR UPDATE TO {DISPATCH_ROLE} USING (true) WITH CHECK (true);

CREATE FUNCTION exact_grant_is_awaited(wanted bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM exact_consentlink l WHERE l.grant_id = wanted AND l.given_at IS NOT NULL
                    AND l.ended_at IS NULL AND l.expires_at > clock_timestamp())
$$;

CREATE FUNCTION exact_expired_consent_links()
RETURNS TABLE (tenant_id uuid, link_code uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT l.tenant_id, l.code FROM exact_consentlink l WHERE l.ended_at IS NULL AND l.expires_at <= clock_timestamp()
$$;

CREATE FUNCTION exact_hook_validated(hook uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE exact_connection SET hook_validated_at = clock_timestamp()
   WHERE hook_code = hook AND hook_validated_at IS NULL AND disconnected_at IS NULL
$$;

ALTER FUNCTION exact_grant_is_awaited(bigint) OWNER TO {DISPATCH_ROLE};
ALTER FUNCTION exact_expired_consent_links() OWNER TO {DISPATCH_ROLE};
ALTER FUNCTION exact_hook_validated(uuid) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION exact_grant_is_awaited(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION exact_expired_consent_links() FROM PUBLIC;
REVOKE ALL ON FUNCTION exact_hook_validated(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exact_grant_is_awaited(bigint) TO {APP_ROLE};
GRANT EXECUTE ON FUNCTION exact_expired_consent_links() TO {APP_ROLE};
GRANT EXECUTE ON FUNCTION exact_hook_validated(uuid) TO {APP_ROLE};
RESET ROLE;
"""
TAKE_DOWN = """
DROP FUNCTION exact_hook_validated(uuid);
DROP FUNCTION exact_expired_consent_links();
DROP FUNCTION exact_grant_is_awaited(bigint);
DROP POLICY dispatch_validates ON exact_connection;
"""


class Migration(migrations.Migration):

    dependencies = [("exact", "0004_consent_links")]

    operations = [
        # Read with every row it would be opened with every page, and be in the way when its key is gone: the company's
        # address is kept with the other master data instead.
        migrations.RemoveField(model_name="connection", name="sealed_address"),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
    ]
