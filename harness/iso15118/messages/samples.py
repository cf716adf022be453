"""Messages as they are on the wire in a DC session: what the benchmark measures, and something to try things with."""

from __future__ import annotations

from functools import partial

from harness.iso15118.messages import common, dc
from harness.iso15118.messages.common_types import (
    EvseNotification,
    EVSEStatus,
    MessageHeader,
    Processing,
    RationalNumber,
    ResponseCode,
)
from harness.iso15118.messages.core import Record

_HEADER = MessageHeader(session_id=bytes.fromhex("5A0F3C9E21B47D86"), time_stamp=1_770_000_000_000_000)
_number = partial(RationalNumber.of, exponents=range(-3, 4))


def all_samples() -> dict[str, tuple[str, Record]]:
    """Message set and message, by what is worth measuring."""
    return {
        "SessionSetupReq": ("common", common.SessionSetupReq(header=_HEADER, evcc_id="WMIV1234567890ABCDEX")),
        "SessionSetupRes": (
            "common",
            common.SessionSetupRes(
                header=_HEADER, response_code=ResponseCode.OK_NewSessionEstablished, evse_id="DE*PFT*E1001*1"
            ),
        ),
        "DC_ChargeParameterDiscoveryReq": ("dc", _parameters_request()),
        "DC_ChargeParameterDiscoveryRes": ("dc", _parameters_response()),
        "DC_ChargeLoopReq": ("dc", _loop_request()),
        "DC_ChargeLoopRes": ("dc", _loop_response()),
        "ScheduleExchangeRes, 1,024 entries": ("common", _schedule(1024)),
        "CertificateInstallationRes": ("common", _certificate_installation()),
    }


def _parameters_request() -> dc.DCChargeParameterDiscoveryReq:
    return dc.DCChargeParameterDiscoveryReq(
        header=_HEADER,
        energy_transfer_mode=dc.BPTDCCPDReqEnergyTransferMode(
            ev_maximum_charge_power=_number(150_000),
            ev_minimum_charge_power=_number(100),
            ev_maximum_charge_current=_number(400),
            ev_minimum_charge_current=_number(0.5),
            ev_maximum_voltage=_number(920),
            ev_minimum_voltage=_number(250),
            target_soc=80,
            ev_maximum_discharge_power=_number(11_000),
            ev_minimum_discharge_power=_number(100),
            ev_maximum_discharge_current=_number(30),
            ev_minimum_discharge_current=_number(0.5),
        ),
    )


def _parameters_response() -> dc.DCChargeParameterDiscoveryRes:
    return dc.DCChargeParameterDiscoveryRes(
        header=_HEADER,
        response_code=ResponseCode.OK,
        energy_transfer_mode=dc.BPTDCCPDResEnergyTransferMode(
            evse_maximum_charge_power=_number(50_000),
            evse_minimum_charge_power=_number(100),
            evse_maximum_charge_current=_number(125),
            evse_minimum_charge_current=_number(1),
            evse_maximum_voltage=_number(1_000),
            evse_minimum_voltage=_number(150),
            evse_maximum_discharge_power=_number(22_000),
            evse_minimum_discharge_power=_number(100),
            evse_maximum_discharge_current=_number(60),
            evse_minimum_discharge_current=_number(1),
        ),
    )


def _loop_request() -> dc.DCChargeLoopReq:
    return dc.DCChargeLoopReq(
        header=_HEADER,
        meter_info_requested=False,
        ev_present_voltage=_number(398.7),
        control_mode=dc.BPTDynamicDCCLReqControlMode(
            departure_time=28_800,
            ev_target_energy_request=_number(40_000),
            ev_maximum_energy_request=_number(60_000),
            ev_minimum_energy_request=_number(-20_000),
            ev_maximum_charge_power=_number(150_000),
            ev_minimum_charge_power=_number(100),
            ev_maximum_charge_current=_number(400),
            ev_maximum_voltage=_number(920),
            ev_minimum_voltage=_number(250),
            ev_maximum_discharge_power=_number(11_000),
            ev_minimum_discharge_power=_number(100),
            ev_maximum_discharge_current=_number(30),
        ),
    )


def _loop_response() -> dc.DCChargeLoopRes:
    return dc.DCChargeLoopRes(
        header=_HEADER,
        response_code=ResponseCode.OK,
        evse_status=EVSEStatus(notification_max_delay=0, evse_notification=EvseNotification.Pause),
        evse_present_current=_number(-27.4),
        evse_present_voltage=_number(399.1),
        evse_power_limit_achieved=False,
        evse_current_limit_achieved=False,
        evse_voltage_limit_achieved=False,
        control_mode=dc.BPTDynamicDCCLResControlMode(
            departure_time=28_800,
            evse_maximum_charge_power=_number(50_000),
            evse_minimum_charge_power=_number(100),
            evse_maximum_charge_current=_number(125),
            evse_maximum_voltage=_number(1_000),
            evse_maximum_discharge_power=_number(22_000),
            evse_minimum_discharge_power=_number(100),
            evse_maximum_discharge_current=_number(60),
            evse_minimum_voltage=_number(150),
        ),
    )


def _schedule(entries: int) -> common.ScheduleExchangeRes:
    powers = tuple(
        common.PowerScheduleEntry(duration=900, power=_number(11_000 if hour % 24 < 6 else 3_700))
        for hour in range(entries)
    )
    schedule = common.PowerSchedule(
        time_anchor=_HEADER.time_stamp,
        power_schedule_entries=common.PowerScheduleEntryList(power_schedule_entry=powers),
    )
    charging = common.ChargingSchedule(power_schedule=schedule)
    return common.ScheduleExchangeRes(
        header=_HEADER,
        response_code=ResponseCode.OK,
        evse_processing=Processing.Finished,
        control_mode=common.ScheduledSEResControlMode(
            schedule_tuple=(common.ScheduleTuple(schedule_tuple_id=1, charging_schedule=charging),)
        ),
    )


def _certificate_installation() -> common.CertificateInstallationRes:
    certificate = bytes(range(256)) * 3
    subs = common.SubCertificates(certificate=(certificate, certificate))
    return common.CertificateInstallationRes(
        header=_HEADER,
        response_code=ResponseCode.OK,
        evse_processing=Processing.Finished,
        cps_certificate_chain=common.CertificateChain(certificate=certificate, sub_certificates=subs),
        signed_installation_data=common.SignedInstallationData(
            id="id1",
            contract_certificate_chain=common.ContractCertificateChain(certificate=certificate, sub_certificates=subs),
            ecdh_curve=common.EcdhCurve.SECP521,
            dh_public_key=b"\x04" + bytes(132),
            secp521_encrypted_private_key=bytes(94),
        ),
        remaining_contract_certificate_chains=0,
    )
