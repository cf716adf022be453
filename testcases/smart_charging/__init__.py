"""Does a vehicle follow what a station offers, and does it come back? AC-01 to AC-24 for IEC 61851-1, V2G-01 on for
ISO 15118-20: a protocol reconstructed from public reports on vehicles and charge points tested as a group.

Parameters are our defaults; limits say their own source.
"""
