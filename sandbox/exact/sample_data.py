"""Invented customers, goods and carriers that a new company starts with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAccount:
    """A customer with one delivery address and one contact."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    phone: str
    first_name: str
    last_name: str
    state: str | None = None
    street2: str | None = None
    vat_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleItem:
    """Goods for sale; weights in kilograms, one without."""

    code: str
    description: str
    net_weight: float | None
    price: float
    statistical_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMethod:
    """A shipping method as a company may have set it up."""

    code: str
    description: str
    is_active: bool = True
    tracking_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlace:
    """Where a company and its warehouse stand, by country."""

    street: str
    postcode: str
    city: str
    phone: str
    state: str | None = None


ACCOUNTS: tuple[SampleAccount, ...] = (
    SampleAccount(
        name="Fietsenmaker De Ketting", street="Biltstraat 94-A", postcode="3572 BJ", city="Utrecht", country="NL",
        phone="+31302311094", first_name="Marieke", last_name="van den Brink", vat_number="NL859142763B01",
    ),
    SampleAccount(
        name="Velo Gent bvba", street="Vlaanderenstraat 102 bus 3", postcode="9000", city="Gent", country="BE",
        phone="+3292234102", first_name="Joost", last_name="De Smet", vat_number="BE0478915236",
    ),
    SampleAccount(
        name="Radhaus Köln GmbH", street="Ehrenstraße 43", postcode="50672", city="Köln", country="DE",
        phone="+492215894430", first_name="Jürgen", last_name="Weiß", vat_number="DE318274659",
    ),
    SampleAccount(
        name="Atelier du Vélo Lyonnais", street="27 rue de la République", postcode="69002", city="Lyon", country="FR",
        phone="+33478421927", first_name="Hélène", last_name="Durand", vat_number="FR61892473516",
    ),
    SampleAccount(
        name="Ciclos Turia S.L.", street="Calle de Colón 18, 2º B", postcode="46004", city="Valencia", country="ES",
        phone="+34963521818", first_name="Núria", last_name="Ferrer Alonso", vat_number="ESB98743215",
    ),
    SampleAccount(
        name="Aire Valley Cycles Ltd", street="15 Wellington Street", postcode="LS1 4DL", city="Leeds", country="GB",
        phone="+441132450015", first_name="Oliver", last_name="Hargreaves", vat_number="GB384719265",
    ),
    SampleAccount(
        name="Vereinigte Fahrradwerkstätten Prenzlauer Berg GmbH", street="Kastanienallee 77, Hinterhof, Aufgang C",
        street2="Anlieferung nur über Rampe 2", postcode="10435", city="Berlin", country="DE",
        phone="+493044017700", first_name="Anneliese", last_name="Schulze-Brandt", vat_number="DE274659318",
    ),
    SampleAccount(
        name="Lone Star Bicycle Co.", street="1208 South Congress Avenue", postcode="78704", city="Austin",
        state="TX", country="US", phone="+15124440128", first_name="Dana", last_name="Whitfield",
    ),
)  # fmt: skip

ITEMS: tuple[SampleItem, ...] = (
    SampleItem(
        code="BELL-BRASS", description="Brass bicycle bell", net_weight=0.14, price=18.5, statistical_code="83061000"
    ),
    SampleItem(
        code="LOCK-U230", description="U-lock 230 mm", net_weight=1.35, price=49.95, statistical_code="83014011"
    ),
    SampleItem(
        code="LIGHT-SET",
        description="Front and rear light set",
        net_weight=0.26,
        price=34.9,
        statistical_code="85121000",
    ),
    SampleItem(
        code="SADDLE-LTH", description="Leather saddle", net_weight=0.82, price=89.0, statistical_code="87149500"
    ),
    SampleItem(
        code="PANNIER-20", description="Pannier bag 20 l", net_weight=0.95, price=64.5, statistical_code="42029291"
    ),
    SampleItem(
        code="PUMP-FLOOR", description="Floor pump with gauge", net_weight=1.6, price=39.0, statistical_code="84142080"
    ),
    SampleItem(
        code="TYRE-28", description="Tyre 28 x 1.60 reflex", net_weight=0.74, price=27.95, statistical_code="40115000"
    ),
    SampleItem(
        code="BASKET-WKR", description="Wicker basket", net_weight=None, price=42.0, statistical_code="46021990"
    ),
)

METHODS: tuple[SampleMethod, ...] = (
    SampleMethod(
        code="UPSSTD", description="UPS Standard", tracking_url="https://www.ups.com/track?tracknum=[TrackingNumber]"
    ),
    SampleMethod(
        code="UPSSAVER",
        description="UPS Express Saver",
        tracking_url="https://www.ups.com/track?tracknum=[TrackingNumber]",
    ),
    SampleMethod(code="PICKUP", description="Pick up at our counter"),
    SampleMethod(code="POST", description="National post parcel"),
    SampleMethod(code="OLDVAN", description="Own van (no longer used)", is_active=False),
)

PLACES: dict[str, SamplePlace] = {
    "NL": SamplePlace(street="Vlierbaan 12", postcode="2908 LR", city="Capelle aan den IJssel", phone="+31104421200"),
    "BE": SamplePlace(street="Noorderlaan 87", postcode="2030", city="Antwerpen", phone="+3235410087"),
    "DE": SamplePlace(street="Grafenberger Allee 293", postcode="40237", city="Düsseldorf", phone="+492116890293"),
    "FR": SamplePlace(street="14 avenue de Flandre", postcode="59700", city="Marcq-en-Barœul", phone="+33320981400"),
    "ES": SamplePlace(street="Carrer de Pallars 193", postcode="08005", city="Barcelona", phone="+34933091930"),
    "GB": SamplePlace(street="8 Kirkstall Road", postcode="LS3 1LH", city="Leeds", phone="+441132430800"),
    "US": SamplePlace(
        street="2100 East Cesar Chavez Street", postcode="78702", city="Austin", phone="+15124742100", state="TX"
    ),
}

COMPANY_NAMES = ("Trappers", "Spaakwerk", "Ventiel", "Kettingkast", "Bagagedrager", "Jasbeschermer")
FIRST_NAMES = ("Sanne", "Bram", "Lotte", "Thijs", "Noor", "Ruben", "Femke", "Daan")
LAST_NAMES = ("de Wit", "Hendriks", "Postma", "Verbeek", "Jansen", "Kuipers", "Smeets", "Dekker")

DOCUMENT_TYPES = ((10, "Sales invoice", False), (55, "Miscellaneous", True), (115, "Shipping note", True))
"""Number, text, creatable by a client."""
EU_COUNTRIES = frozenset(["AT", "BE", "DE", "DK", "ES", "FR", "IE", "IT", "LU", "NL", "PL", "PT", "SE"])
