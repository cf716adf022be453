"""ISO 15118: sans-I/O test agents and their thin shells.

Data: `timing.TIMERS`, `order.STEPS` and `order.MOVES` (drawn by `order.mermaid()`), `services`, `profile.Profile` (the
switches), `errors` (whose fault it is). Messages: `messages`, `wire.to_frame`, `wire.from_frame`, `v2gtp`, `sdp`.

The vehicle's side (`evcc.EvccSession` sans-I/O, `evcc_shell.Evcc` on a link; the car behind it is a `vehicle.Vehicle`):

    session = EvccSession(EvccConfig(), car, epoch_utc_us=clock.epoch_utc_us, stored=None)
    ev = Evcc(stream, session, clock, observer)
    await ev.run()                                    # automatic to the end
    await ev.advance_to("DC_ChargeLoop")              # stops before that request; processing="Ongoing": inside a phase
    ev.next_request(), ev.draft("SessionStopReq", charging_session="Pause")
    answer = await ev.exchange(message, within_s=2.0, meter_info_requested=False)
    await ev.charge_loop(duration_s, count=, until=)
    await ev.stop(); stored = await ev.pause(); await ev.standby(); await ev.renegotiate_schedule()
    await ev.silence(1.0); await ev.send_raw(octets); ev.twists["PowerDeliveryReq"] = lambda ev, request: ...

The charger's side (`secc.SeccSession`, `secc_shell.Secc`; the charger behind it is a `station.Station`):

    session = SeccSession(SeccConfig(), station, now_s=clock.now_s(), epoch_utc_us=clock.epoch_utc_us, memory=memory)
    se = Secc(stream, session, clock, observer, on_event=callback)
    await se.run()                                    # automatic to the end
    request = await se.expect("SessionSetupReq"); await se.respond(response_code="..."); await se.finish()
    session.notify(EvseNotification.Pause, 60); se.twists["DC_PreChargeReq"] = lambda se, request, response: ...

ISO 15118-2: with `protocols=("iso15118-2",)` in either config the session that is made after the negotiation is
`session.older` (package `iso2`); `ev.calling` and `se.serving` are the session that has the word. Its messages are
documents: `order.content_of` opens them, `changed(request, body__body_element__...=...)` reaches inside.

Misbehaviour: `twists` change what an agent says, `se.hears` what our charger notices, `unchecked` records and
`quantities.changed(message, checked=False, ...)` what the schema forbids.

Security: `pki.create(kind, now=...)` makes a hierarchy (`.write(folder)`, `load_pem`, `load_pkcs12`), `tls.Tls(...)` both
sides' contexts (strict-20, lab-20), `signature.sign` and `verify`, `installation` a contract's way into a vehicle.

Links: `net.connect`, `net.discover`, `net.serve` (TCP and TLS on IPv6, with scope ids), `harness.link.memory_streams`.
"""
