"""One function finds deliveries by what people type.

Behind the wall of the rows it could use none of these indexes: the operators that compare beginnings are not leakproof.
So it belongs to the dispatch role, and takes the company from the setting itself.
"""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, CURRENT_TENANT, DISPATCH_ROLE, as_dispatch

# Every comparison is a range, not LIKE: an index serves it whatever the value is. The last character of Unicode is
# greater than any that follows the beginning. `found` has no company in it, so that nothing but its index can serve;
# the hashes are of this company alone, and what it finds is checked.
FIND = f"""
CREATE FUNCTION syncjobs_find_deliveries(beginning text, ending text, ways text[], most integer)
RETURNS TABLE (delivery_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
    WITH same_order AS MATERIALIZED (
        SELECT d.id, d.tenant_id FROM syncjobs_delivery d
         WHERE string_to_array(d.order_numbers, ', ') @> ARRAY[beginning]
    ), same_words AS MATERIALIZED (
        SELECT a.delivery_id AS id, a.tenant_id
          FROM unnest(ways) AS way
         CROSS JOIN LATERAL (
            SELECT p.delivery_id, p.tenant_id FROM syncjobs_partyaddress p
             WHERE p.finders @> string_to_array(way, ',')::varchar[] LIMIT most
         ) a
    ), same_parcel AS MATERIALIZED (
        (SELECT p.shipment_id FROM syncjobs_parcel p
          WHERE p.tenant_id = {CURRENT_TENANT}
            AND p.tracking_number ~>=~ beginning AND p.tracking_number ~<~ (beginning || chr(1114111)) LIMIT most)
        UNION
        (SELECT p.shipment_id FROM syncjobs_parcel p
          WHERE p.tenant_id = {CURRENT_TENANT} AND ending <> ''
            AND reverse(p.tracking_number) COLLATE "C" >= ending
            AND reverse(p.tracking_number) COLLATE "C" < (ending || chr(1114111)) LIMIT most)
    )
    SELECT f.id FROM (
        (SELECT d.id FROM syncjobs_delivery d
          WHERE d.tenant_id = {CURRENT_TENANT}
            AND d.delivery_number ~>=~ beginning AND d.delivery_number ~<~ (beginning || chr(1114111))
          ORDER BY d.delivery_number USING ~>~ LIMIT most)
        UNION
        (SELECT d.id FROM syncjobs_delivery d
          WHERE d.tenant_id = {CURRENT_TENANT}
            AND d.order_numbers ~>=~ beginning AND d.order_numbers ~<~ (beginning || chr(1114111))
          ORDER BY d.order_numbers USING ~>~ LIMIT most)
        UNION
        (SELECT o.id FROM same_order o WHERE o.tenant_id = {CURRENT_TENANT} LIMIT most)
        UNION
        (SELECT w.id FROM same_words w WHERE w.tenant_id = {CURRENT_TENANT} LIMIT most)
        UNION
        (SELECT s.delivery_id FROM same_parcel p JOIN syncjobs_shipment s ON s.id = p.shipment_id
          WHERE s.tenant_id = {CURRENT_TENANT})
    ) f ORDER BY f.id DESC LIMIT most
$$;
ALTER FUNCTION syncjobs_find_deliveries(text, text, text[], integer) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_find_deliveries(text, text, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_find_deliveries(text, text, text[], integer) TO {APP_ROLE};
GRANT SELECT (id, tenant_id, delivery_number, order_numbers) ON syncjobs_delivery TO {DISPATCH_ROLE};
GRANT SELECT (id, tenant_id, delivery_id) ON syncjobs_shipment TO {DISPATCH_ROLE};
GRANT SELECT (tenant_id, shipment_id, tracking_number) ON syncjobs_parcel TO {DISPATCH_ROLE};
GRANT SELECT (tenant_id, delivery_id, finders) ON syncjobs_partyaddress TO {DISPATCH_ROLE};
CREATE POLICY dispatch_finds ON syncjobs_partyaddress FOR SELECT TO {DISPATCH_ROLE} USING (true);
"""
FORGET = f"""
DROP FUNCTION syncjobs_find_deliveries(text, text, text[], integer);
DROP POLICY dispatch_finds ON syncjobs_partyaddress;
REVOKE SELECT (delivery_number, order_numbers) ON syncjobs_delivery FROM {DISPATCH_ROLE};
REVOKE SELECT (tenant_id) ON syncjobs_shipment FROM {DISPATCH_ROLE};
REVOKE SELECT (tenant_id, tracking_number) ON syncjobs_parcel FROM {DISPATCH_ROLE};
REVOKE SELECT (tenant_id, delivery_id, finders) ON syncjobs_partyaddress FROM {DISPATCH_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0020_finding_deliveries")]

    operations = [*as_dispatch(FIND, FORGET)]
