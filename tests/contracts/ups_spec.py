"""UPS payloads against UPS's published specifications, whose known defects are tolerated (specs/ups/README.md).

Requests we send: `request_problems`. Answers we get or make: `answer_problems`. Both give plain lines, none when all is
well. Where the specifications are not at hand the test is skipped.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4, DRAFT202012

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs" / "ups"
JSON_MEDIA = "application/json"

Schema = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Where an operation stands: file, literal key of `paths`, method."""

    file: str
    path: str
    method: str


TOKEN = Operation(file="OAuthClientCredentials.yaml", path="/security/v1/oauth/token", method="post")
SHIP = Operation(file="Shipping.yaml", path="/shipments/{version}/ship", method="post")
VOID = Operation(
    file="Shipping.yaml",
    path="/shipments/{version}/void/cancel/{shipmentidentificationnumber}",
    method="delete",
)
RATE = Operation(file="Rating.yaml", path="/rating/{version}/{requestoption}", method="post")
VALIDATE_ADDRESS = Operation(
    file="AddressValidation.yaml", path="/addressvalidation/{version}/{requestoption}", method="post"
)
RECOVER_LABEL = Operation(file="Shipping.yaml", path="/labels/{version}/recovery", method="post")

WRONGLY_REQUIRED = {
    "LabelRecoveryRequest": {"TrackingNumbers", "ReferenceValues"},
    "LabelRecoveryRequest_ReferenceValues": {"ReferenceNumber"},
    "ShipmentRequest_LabelSpecification": {"LabelStockSize"},
    "RateRequest_Request": {"RequestOption"},
    "PickupRateRequest": {"Request"},
    "PickupCreationRequest": {"Request"},
    "PickupGetServiceCenterFacilitiesRequest": {"Request"},
    "PackageResults_RateModifier": {"CurrencyCode"},
    "candidateAddress": {"CountryCode"},
    "services": {"saturdayDeliveryIndicator"},
}
"""Fields that the specifications call required and UPS does not ask for, by component."""
WRONG_LENGTHS = {
    ("PickupRateRequest", "ServiceDateOption"),
    ("PickupCreationRequest_PickupDateInfo", "PickupDate"),
    ("ShipmentServiceOptions_Notification", "NotificationCode"),
}
"""Greatest lengths that contradict the documented values, by component and property."""
COUNT_WORDS = frozenset({"minimum", "maximum", "minItems", "maxItems", "minLength"})
"""`maximum: 1` means `at most once` there, and `minLength` is wrong throughout: none of them is used."""


class _SpecLoader(yaml.CSafeLoader):
    """Scalars as in YAML 1.2: dates, 021, ON and NO stay text. Needs libyaml: the other loader stops at a tab."""


_KEPT_TAGS = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:float", "tag:yaml.org,2002:merge")
_SpecLoader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] in _KEPT_TAGS]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_SpecLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_SpecLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)


class Specification:
    """One file, its component schemas freed from known defects."""

    def __init__(self, path: Path, *, with_lengths: bool) -> None:
        with path.open(encoding="utf-8") as file:
            document = yaml.load(file, _SpecLoader)  # noqa: S506 - a safe loader with other scalar rules
        self._with_lengths = with_lengths
        components = document["components"]
        components["schemas"] = {
            name: self._repaired(schema, name, None) for name, schema in components["schemas"].items()
        }
        self._document: Schema = document
        is_31 = str(document["openapi"]).startswith("3.1")
        self._validator = OAS31Validator if is_31 else OAS30Validator
        self._uri = f"urn:ups:{path.name}"
        resource = (DRAFT202012 if is_31 else DRAFT4).create_resource(document)
        self._registry: Registry[object] = Registry().with_resource(self._uri, resource)

    def problems(self, pointer: str, instance: object) -> list[str]:
        """What the schema at the pointer has against the payload as it stands."""
        validator = self._validator({"$ref": f"{self._uri}#{pointer}"}, registry=self._registry)
        return [
            "/".join(str(part) for part in error.absolute_path) + ": " + error.message
            for error in validator.iter_errors(instance)
        ]

    def unknown_fields(self, pointer: str, instance: object) -> list[str]:
        """Fields the schema does not name: UPS would silently ignore them (ups.md 1.17)."""
        return list(self._unknown(self.schema_at(pointer), instance, path=""))

    def documented(self, pointer: str, instance: object) -> object:
        """The payload in its documented shape: one object becomes a list, empty texts for objects vanish."""
        return self._shaped(self.schema_at(pointer), instance)

    def schema_at(self, pointer: str) -> Schema:
        """The schema a JSON pointer leads to."""
        node: object = self._document
        for part in pointer.strip("/").split("/"):
            assert isinstance(node, dict)
            node = node[part.replace("~1", "/").replace("~0", "~")]
        assert isinstance(node, dict)
        return node

    def _repaired(self, node: object, component: str | None, prop: tuple[str | None, str] | None) -> object:
        if isinstance(node, list):
            return [self._repaired(entry, None, None) for entry in node]
        if not isinstance(node, dict):
            return node
        is_schema = not {"type", "properties", "$ref", "items", "oneOf", "allOf"}.isdisjoint(node)
        repaired = {
            word: self._repaired_word(word, value, component)
            for word, value in node.items()
            if not (is_schema and self._is_defect(word, prop))
        }
        if repaired.get("required") == []:
            del repaired["required"]
        return repaired

    def _repaired_word(self, word: str, value: object, component: str | None) -> object:
        if word == "required" and isinstance(value, list):
            return [name for name in value if name not in WRONGLY_REQUIRED.get(component or "", ())]
        if word == "properties" and isinstance(value, dict):
            return {name: self._repaired(schema, None, (component, name)) for name, schema in value.items()}
        return self._repaired(value, None, None)

    def _is_defect(self, word: str, prop: tuple[str | None, str] | None) -> bool:
        if word in COUNT_WORDS:
            return True
        return word == "maxLength" and (not self._with_lengths or prop in WRONG_LENGTHS)

    def _resolved(self, schema: object) -> Schema:
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.schema_at(str(schema["$ref"]).partition("#")[2])
        return schema if isinstance(schema, dict) else {}

    def _properties(self, schema: Schema) -> Schema:
        properties = schema.get("properties")
        return properties if isinstance(properties, dict) else {}

    def _alternative(self, schema: Schema, value: object) -> Schema:
        """Of `oneOf` the schema that shares a field with the value."""
        alternatives = schema.get("oneOf") or schema.get("anyOf")
        if not isinstance(alternatives, list) or not isinstance(value, dict):
            return schema
        resolved = [self._resolved(alternative) for alternative in alternatives]
        return next((each for each in resolved if self._properties(each).keys() & value.keys()), schema)

    def _unknown(self, schema: object, value: object, *, path: str) -> Iterator[str]:
        resolved = self._alternative(self._resolved(schema), value)
        if isinstance(value, list):
            for place, entry in enumerate(value):
                yield from self._unknown(resolved.get("items"), entry, path=f"{path}/{place}")
        properties = self._properties(resolved)
        if not isinstance(value, dict) or not properties:
            return
        for name, inner in value.items():
            if name not in properties:
                yield f"{path}/{name}: not a documented field"
                continue
            yield from self._unknown(properties[name], inner, path=f"{path}/{name}")

    def _shaped(self, schema: object, value: object) -> object:
        resolved = self._alternative(self._resolved(schema), value)
        kind = resolved.get("type")
        if kind == "array":
            entries = value if isinstance(value, list) else [value]
            return [self._shaped(resolved.get("items"), entry) for entry in entries]
        properties = self._properties(resolved)
        if isinstance(value, dict) and properties:
            return {
                name: self._shaped(properties.get(name), inner)
                for name, inner in value.items()
                if not self._stands_for_nothing(properties.get(name), inner)
            }
        return _as_documented_scalar(kind, value)

    def _stands_for_nothing(self, schema: object, value: object) -> bool:
        return value is None or (value == "" and self._resolved(schema).get("type") in {"object", "array"})


def request_problems(operation: Operation, body: object) -> list[str]:
    """What is wrong with a body we would send: types, lengths, required fields, and fields nobody knows."""
    specification = load(operation.file, with_lengths=True)
    pointer = body_pointer(operation)
    return specification.problems(pointer, body) + specification.unknown_fields(pointer, body)


def body_pointer(operation: Operation) -> str:
    """Where the schema of an operation's request body stands."""
    return _pointer("paths", operation.path, operation.method, "requestBody", "content", JSON_MEDIA, "schema")


def answer_problems(operation: Operation, body: object, *, status: int = 200) -> list[str]:
    """What is wrong with an answer after it was brought into the documented shape."""
    specification = load(operation.file)
    pointer = _pointer(
        "paths", operation.path, operation.method, "responses", str(status), "content", JSON_MEDIA, "schema"
    )
    return specification.problems(pointer, specification.documented(pointer, body))


def call_problems(operation: Operation, *, query: str, headers: Mapping[str, str]) -> list[str]:
    """Query parameters that the operation does not know, and required headers or parameters that are missing."""
    known = _parameters(operation)
    sent = {"query": {name for name, _ in parse_qsl(query, keep_blank_values=True)}, "header": set(headers)}
    documented = {str(row["name"]).lower() for row in known if row["in"] == "query"}
    missing = [
        f"{row['in']} {row['name']} is required"
        for row in known
        if row.get("required") and row["in"] in sent and str(row["name"]).lower() not in sent[str(row["in"])]
    ]
    return missing + [f"query {name} is not documented" for name in sorted(sent["query"] - documented)]


def form_problems(operation: Operation, form: Mapping[str, str]) -> list[str]:
    """Fields of a form that the operation does not know, and required ones that are missing."""
    media = "application/x-www-form-urlencoded"
    pointer = _pointer("paths", operation.path, operation.method, "requestBody", "content", media, "schema")
    specification = load(operation.file, with_lengths=True)
    return specification.problems(pointer, form) + specification.unknown_fields(pointer, form)


def _parameters(operation: Operation) -> list[Schema]:
    found = load(operation.file).schema_at(_pointer("paths", operation.path, operation.method)).get("parameters", [])
    assert isinstance(found, list)
    return found


def component_problems(file: str, component: str, body: object) -> list[str]:
    """What a named component has against a payload as it stands, lengths included."""
    return load(file, with_lengths=True).problems(_pointer("components", "schemas", component), body)


def drop_empty(value: object) -> object:
    """Without empty texts and blanks around texts, as needed for webhook bodies."""
    if isinstance(value, dict):
        return {name: drop_empty(inner) for name, inner in value.items() if inner not in ("", None)}
    if isinstance(value, list):
        return [drop_empty(inner) for inner in value]
    return value.strip() if isinstance(value, str) else value


@lru_cache(maxsize=16)
def load(file: str, *, with_lengths: bool = False) -> Specification:
    """A specification, read once; skips the test where it is not at hand."""
    path = SPECS / file
    if not path.exists():
        pytest.skip(f"The UPS specification {file} is not at ../shared/specs/ups.")
    return Specification(path, with_lengths=with_lengths)


def _pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def _as_documented_scalar(kind: object, value: object) -> object:
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind in {"number", "integer"} and isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else value
    return value
