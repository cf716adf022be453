"""ISO 15118-20 with one side under test and our agent on the other: nine patterns over all messages, and particular cases.

Identifiers: TC_<side under test>_<CMN|DC>_VTB_<message>_<number>. The number's tens tell the pattern: 00 the good
exchange, 02 another message, 03 another session id, 04 silence, 05 content that must be refused, 06 ongoing phases, 07
pause and resume, 08 renegotiation and notifications, 09 pilot; 10 and above are particular ones.
"""
