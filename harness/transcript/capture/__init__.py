"""Capture files in and out: pcap and pcapng to transcript events, transcript events to pcapng.

The way of the data: `files` (blocks to packets) - `packets` (links and IP to segments and datagrams) - `tcp` (segments
to two ordered streams) - `tls` (records to plain octets, with a key log) - `frames` (octets to V2GTP frames) -
`reader` (all of it to transcript events). `writer` goes the other way.
"""
