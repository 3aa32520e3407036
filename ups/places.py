"""Where a person goes to fix what UPS refused; the same words in every message."""

from connector_site.lib.wording import said

ADDRESS = said("the delivery address in Exact")
ORDER = said("the sales order in Exact")
ITEM_WEIGHTS = said("item weights in Exact")
ACCOUNT = said("UPS account settings here")
SHIP_FROM = said("ship-from addresses here")
RULES = said("shipping rules here")
UPS_CONTRACT = said("your contact at UPS")
CUSTOMS = said("customs data of the order in Exact")
OURS = said("nothing to fix on your side: please tell support")
