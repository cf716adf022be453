"""What can be wrong with a gateway between two platforms. Sources: our default where no field report is public."""

from __future__ import annotations

from drivers.emulators.defects import Defect

_TEXTS = {
    "drops-a-signal": ("a signal stays at zero whatever comes in", "PF_GW_01"),
    "wrong-scale": ("a voltage is ten times too small", "PF_GW_01"),
    "wrong-sign": ("currents and powers keep the source platform's sign", "PF_GW_02"),
    "swapped-octets": ("a big-endian value is written little-endian", "PF_GW_01"),
    "leaks": ("a message without a route appears on the other bus", "PF_GW_03"),
    "slow": ("frames are passed on 250 ms late", "PF_GW_04"),
    "stale-counter": ("the alive counter of what it sends stands still", "PF_GW_05"),
    "wrong-crc": ("what it sends carries a CRC of another data id", "PF_GW_05"),
    "no-timeout": ("after its source falls silent it sends old values with fresh counters for ever", "PF_GW_06"),
    "ignores-crc": ("takes frames whose CRC is wrong", "PF_GW_07"),
    "ignores-counter": ("takes frames whose counter stands still", "PF_GW_07"),
    "takes-short-frames": ("a short frame is filled up with zeros and passed on", "PF_GW_08"),
    "dies-of-short-frame": ("falls silent for good after a short frame", "PF_GW_08"),
    "drops-under-load": ("loses every second frame when a bus is loaded", "PF_GW_09"),
    "slow-start": ("passes nothing during its first 10 s", "PF_GW_10"),
    "never-wakes": ("after both buses were silent for 5 s it stays asleep", "PF_GW_10"),
    "waits-for-a": ("passes nothing from bus b before bus a has spoken since both were silent", "PF_GW_11"),
    "stays-bus-off": ("after bus-off on a bus it never comes back to it", "PF_GW_12"),
    "bus-off-stops-both": ("bus-off on one bus silences it on the other too", "PF_GW_12"),
    "queues-while-bus-off": ("after bus-off it sends all that had waited, old values with fresh counters", "PF_GW_12"),
    "disturbs-the-bus": ("its bit timing is wrong: now and then it destroys a frame by an error frame", "PF_GW_13"),
    "slow-cycle": ("sends at a third of the rate that the database asks for", "PF_GW_14"),
    "clips-negative": ("negative values become zero: no discharging", "PF_GW_02"),
}

DEFECTS = tuple(
    Defect(f"gateway-{name}", "can_gateway", "can", "our default", f"the gateway: {text}", case)
    for name, (text, case) in _TEXTS.items()
)
