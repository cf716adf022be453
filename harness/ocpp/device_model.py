"""The device model of a V2G charging station (OCPP 2.x part 2 block B and the appendix of components)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.ocpp.frames import Payload


@dataclass(frozen=True, slots=True)
class Key:
    """A variable's address; `evse` is None for what belongs to the whole station."""

    component: str
    variable: str
    instance: str | None = None
    evse: int | None = None

    @classmethod
    def read(cls, raw: Payload) -> Key:
        """From anything with a `component` and a `variable` object, as Get- and SetVariables have."""
        evse = raw["component"].get("evse")
        return cls(
            raw["component"]["name"],
            raw["variable"]["name"],
            raw["variable"].get("instance"),
            evse["id"] if evse else None,
        )

    def to_json(self) -> Payload:
        component: Payload = {"name": self.component}
        if self.evse is not None:
            component["evse"] = {"id": self.evse}
        variable = {"name": self.variable}
        if self.instance is not None:
            variable["instance"] = self.instance
        return {"component": component, "variable": variable}


@dataclass(frozen=True, slots=True)
class Variable:
    """Value and characteristics; `data_type` as DataEnumType, `mutability` as MutabilityEnumType."""

    value: str
    data_type: str = "string"
    mutability: str = "ReadOnly"
    unit: str | None = None
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def refusal(self, value: str) -> str | None:
        """Why a value cannot be written, or None."""
        if self.mutability == "ReadOnly":
            return "the variable is read-only"
        if self.data_type in ("integer", "decimal"):
            try:
                number = int(value) if self.data_type == "integer" else float(value)
            except ValueError:
                return f"{value!r} is no {self.data_type}"
            if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
                return f"{value} is outside {self.low} to {self.high}"
        if self.data_type == "boolean" and value not in ("true", "false"):
            return f"{value!r} is neither true nor false"
        if self.data_type == "OptionList" and self.values and value not in self.values:
            return f"{value!r} is none of {', '.join(self.values)}"
        return None


class DeviceModel:
    """All variables of one station."""

    def __init__(self, variables: dict[Key, Variable]) -> None:
        self.variables = dict(variables)
        self.on_write: Callable[[Key, str], str | None] = lambda _key, _value: None
        """Told of each value that the CSMS is about to write; gives why it cannot be written, or None."""

    def text(self, component: str, variable: str, instance: str | None = None, evse: int | None = None) -> str | None:
        """A value as text; the EVSE's own first, then the station's."""
        for key in (Key(component, variable, instance, evse), Key(component, variable, instance)):
            if key in self.variables:
                return self.variables[key].value
        return None

    def number(
        self, component: str, variable: str, instance: str | None = None, evse: int | None = None
    ) -> float | None:
        text = self.text(component, variable, instance, evse)
        return float(text) if text else None

    def flag(self, component: str, variable: str, evse: int | None = None) -> bool:
        return self.text(component, variable, None, evse) == "true"

    def items(self, component: str, variable: str, instance: str | None = None, evse: int | None = None) -> list[str]:
        """A MemberList or SequenceList as its members."""
        return [part for part in (self.text(component, variable, instance, evse) or "").split(",") if part]

    def put(self, key: Key, value: str) -> None:
        """Write from inside the station: mutability does not bind it."""
        known = self.variables.get(key)
        self.variables[key] = replace(known, value=value) if known else Variable(value)

    def get_variables(self, request: Payload) -> Payload:
        return {"getVariableResult": [self._get_one(one) for one in request["getVariableData"]]}

    def set_variables(self, request: Payload) -> Payload:
        return {"setVariableResult": [self._set_one(one) for one in request["setVariableData"]]}

    def report(self, component: str | None = None) -> Iterator[Payload]:
        """ReportDataType of every variable, or of one component's."""
        for key, variable in self.variables.items():
            if component is None or key.component == component:
                characteristics: Payload = {"dataType": variable.data_type, "supportsMonitoring": False}
                if variable.unit:
                    characteristics["unit"] = variable.unit
                if variable.values:
                    characteristics["valuesList"] = ",".join(variable.values)
                if variable.low is not None:
                    characteristics["minLimit"] = variable.low
                if variable.high is not None:
                    characteristics["maxLimit"] = variable.high
                attribute: Payload = {"type": "Actual", "mutability": variable.mutability}
                if variable.mutability != "WriteOnly":
                    attribute["value"] = variable.value
                yield {**key.to_json(), "variableAttribute": [attribute], "variableCharacteristics": characteristics}

    def _unknown(self, key: Key) -> str | None:
        if key in self.variables:
            return None
        known = any(other.component == key.component and other.evse == key.evse for other in self.variables)
        return "UnknownVariable" if known else "UnknownComponent"

    def _get_one(self, raw: Payload) -> Payload:
        key, attribute = Key.read(raw), raw.get("attributeType", "Actual")
        answer = {**key.to_json(), "attributeType": attribute}
        unknown = self._unknown(key)
        if unknown:
            return {**answer, "attributeStatus": unknown}
        if attribute != "Actual":
            return {**answer, "attributeStatus": "NotSupportedAttributeType"}
        variable = self.variables[key]
        if variable.mutability == "WriteOnly":
            return {**answer, "attributeStatus": "Rejected"}
        return {**answer, "attributeStatus": "Accepted", "attributeValue": variable.value}

    def _set_one(self, raw: Payload) -> Payload:
        key, attribute = Key.read(raw), raw.get("attributeType", "Actual")
        answer = {**key.to_json(), "attributeType": attribute}
        unknown = self._unknown(key)
        if unknown:
            return {**answer, "attributeStatus": unknown}
        if attribute != "Actual":
            return {**answer, "attributeStatus": "NotSupportedAttributeType"}
        refusal = self.variables[key].refusal(raw["attributeValue"]) or self.on_write(key, raw["attributeValue"])
        if refusal:
            info = {"reasonCode": "InvalidValue", "additionalInfo": refusal}
            return {**answer, "attributeStatus": "Rejected", "attributeStatusInfo": info}
        self.put(key, raw["attributeValue"])
        return {**answer, "attributeStatus": "Accepted"}
