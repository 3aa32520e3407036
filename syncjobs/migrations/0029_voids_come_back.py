"""Parcels to be voided whose job was lost are turned into a job again, like everything else that is due."""

from importlib import import_module

from django.db import migrations

from connector_site.lib.row_security import DISPATCH_ROLE, as_dispatch

# The function of 0006 with one more source; its owner and who may call it stay as they are.
TURN_DUE = import_module("syncjobs.migrations.0006_settling_wall").TURN_DUE
BEFORE = TURN_DUE[TURN_DUE.index("CREATE FUNCTION") : TURN_DUE.index("$$;") + 3].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
VOIDS = """    ), voids AS (
        SELECT d.tenant_id, d.code FROM syncjobs_parcel p
          JOIN syncjobs_shipment s ON s.id = p.shipment_id JOIN syncjobs_delivery d ON d.id = s.delivery_id
         WHERE p.void_asked_at <= statement_timestamp() AND p.voided_at IS NULL AND s.voided_at IS NULL AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = d.tenant_id AND j.kind = 'void' AND j.subject = d.code
               AND j.state IN ('due', 'running'))
         ORDER BY p.void_asked_at LIMIT at_once
    ), wanted AS (
        SELECT DISTINCT tenant_id, 'void' AS kind, code AS subject FROM voids
        UNION ALL
"""
NOW = BEFORE.replace("    ), wanted AS (\n", VOIDS).replace("WHEN 'settle'", "WHEN 'void' THEN 'ship' WHEN 'settle'")
GRANTS = f"""
GRANT SELECT (void_asked_at, voided_at) ON syncjobs_parcel TO {DISPATCH_ROLE};
GRANT SELECT (voided_at) ON syncjobs_shipment TO {DISPATCH_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0028_voids_asked")]

    operations = [*as_dispatch(GRANTS + NOW, BEFORE)]
