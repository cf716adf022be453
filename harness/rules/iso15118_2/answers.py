"""Answers in ISO 15118-2 and DIN SPEC 70121: their type, and that every message can be read."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_2.terms import both
from harness.rules.rule import Broken
from harness.transcript.v2g import CHARGER, VEHICLE, V2GSession


@both("station", "V2G2-538", "V2G-DC-390", "the answer is of the type that belongs to the request")
def answer_has_the_type_of_the_request(session: V2GSession) -> Iterator[Broken]:
    for one in session.exchanges:
        request, answer = one.request, one.response
        if answer and request.name and answer.name and answer.base != request.base:
            yield Broken(answer.ordinal, f"{request} was answered with {answer}", (answer.event, request.event))


@both("station", "V2G2-538", "V2G-DC-390", "the station sends nothing that was not asked for")
def nothing_is_sent_unasked(session: V2GSession) -> Iterator[Broken]:
    for answer in session.responses():
        if session.request_of(answer) is None and session.complete:
            yield Broken(answer.ordinal, f"{answer} answers no request", (answer.event,))


@both("vehicle", "schema", "schema", "the vehicle's messages can be read")
def request_can_be_decoded(session: V2GSession) -> Iterator[Broken]:
    yield from _unreadable(session, VEHICLE)


@both("station", "schema", "schema", "the station's messages can be read")
def answer_can_be_decoded(session: V2GSession) -> Iterator[Broken]:
    yield from _unreadable(session, CHARGER)


def _unreadable(session: V2GSession, side: str) -> Iterator[Broken]:
    for one in session.messages:
        if one.side == side and one.error and not one.after_gap:
            yield Broken(one.ordinal, f"message {one.ordinal}: {one.error}", (one.event,))


@both("vehicle", "schema", "schema", "the vehicle's messages are exactly as the schema says", severity="warn")
def request_follows_the_schema(session: V2GSession) -> Iterator[Broken]:
    yield from _deviating(session, VEHICLE)


@both("station", "schema", "schema", "the station's messages are exactly as the schema says", severity="warn")
def answer_follows_the_schema(session: V2GSession) -> Iterator[Broken]:
    yield from _deviating(session, CHARGER)


def _deviating(session: V2GSession, side: str) -> Iterator[Broken]:
    for one in session.messages:
        if one.side == side and one.content and one.deviations:
            yield Broken(one.ordinal, f"{one}: {'; '.join(one.deviations)}", (one.event,))
