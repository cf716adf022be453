"""ISO 15118-20 WPT: wireless power transfer.

The schema's abbreviations: EVPC the vehicle's power circuit, SPC the supply's, PD primary device, SD supply device, LF
low frequency signals and LPE low power excitation for positioning.
"""

from __future__ import annotations

from typing import Annotated

from harness.iso15118.messages.common_types import (
    ChargeLoopReq,
    ChargeLoopRes,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    Identifier,
    NumericID,
    Processing,
    RationalNumber,
    V2GRequest,
    V2GResponse,
)
from harness.iso15118.messages.core import (
    WPT,
    Binary,
    Enumeration,
    Record,
    Short,
    Text,
    UnsignedByte,
    UnsignedShort,
    choice,
    element,
    message,
)


class WPTFinePositioningMethod(Enumeration):
    """Ways to find the position."""

    Manual = "Manual"
    LF_TxEV = "LF_TxEV"
    LF_TxPrimaryDevice = "LF_TxPrimaryDevice"
    LPE = "LPE"
    Proprietary = "Proprietary"


class WPTPairingMethod(Enumeration):
    """Ways to pair."""

    External_confirmation = "External confirmation"
    LPE = "LPE"
    LF_TxEV = "LF_TxEV"
    LF_TxPrimaryDevice = "LF_TxPrimaryDevice"
    Optical = "Optical"
    Proprietary = "Proprietary"


class WPTAlignmentCheckMethod(Enumeration):
    """Ways to check the alignment."""

    PowerCheck = "PowerCheck"
    LPE = "LPE"
    Proprietary = "Proprietary"


class WPTEVPCChargeDiagnostics(Enumeration):
    """What is wrong in the vehicle's power circuit."""

    EVPCNoIssue = "EVPCNoIssue"
    EVPCTempOverheatDetected = "EVPCTempOverheatDetected"
    EVPCPowerTransferAnomalyDetected = "EVPCPowerTransferAnomalyDetected"
    EVPCAnomalyDetected = "EVPCAnomalyDetected"


class WPTSPCChargeDiagnostics(Enumeration):
    """What is wrong in the supply's power circuit."""

    SPCNoIssue = "SPCNoIssue"
    SPCFODDetected = "SPCFODDetected"
    SPCLOPDetected = "SPCLOPDetected"
    SPCTempOverheatDetected = "SPCTempOverheatDetected"
    SPCPowerTransferAnomalyDetected = "SPCPowerTransferAnomalyDetected"
    SPCAnomalyDetected = "SPCAnomalyDetected"


class WPTPowerClass(Enumeration):
    """Power class of the primary device."""

    MF_WPT1 = "MF-WPT1"
    MF_WPT2 = "MF-WPT2"
    MF_WPT3 = "MF-WPT3"
    MF_WPT4 = "MF-WPT4"


class WPTEVResult(Enumeration):
    """The vehicle's result of a step."""

    EVResultUnknown = "EVResultUnknown"
    EVResultSuccess = "EVResultSuccess"
    EVResultFailed = "EVResultFailed"


Bssid = Annotated[str, Text(longest=12)]


Ipaddress = Annotated[str, Text(longest=39)]


WPTDataContainer = Annotated[bytes, Binary(longest=256)]


@message(ns=WPT, name="WPT_FinePositioningSetupReq", root=True)
class WPTFinePositioningSetupReq(V2GRequest):
    """What the vehicle can do to find the position."""

    ev_processing: Processing = element("EVProcessing")
    ev_device_fine_positioning_method_list: WPTFinePositioningMethodList = element("EVDeviceFinePositioningMethodList")
    ev_device_pairing_method_list: WPTPairingMethodList = element("EVDevicePairingMethodList")
    ev_device_alignment_check_method_list: WPTAlignmentCheckMethodList = element("EVDeviceAlignmentCheckMethodList")
    natural_offset: UnsignedShort = element("NaturalOffset")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )
    lf_system_setup_data: WPTLFSystemSetupData | None = element("LF_SystemSetupData", default=None)


@message(ns=WPT, name="WPT_FinePositioningSetupRes", root=True)
class WPTFinePositioningSetupRes(V2GResponse):
    """What the primary device can do to find the position."""

    primary_device_fine_positioning_method_list: WPTFinePositioningMethodList = element(
        "PrimaryDeviceFinePositioningMethodList"
    )
    primary_device_pairing_method_list: WPTPairingMethodList = element("PrimaryDevicePairingMethodList")
    primary_device_alignment_check_method_list: WPTAlignmentCheckMethodList = element(
        "PrimaryDeviceAlignmentCheckMethodList"
    )
    natural_offset: UnsignedShort = element("NaturalOffset")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )
    lf_system_setup_data: WPTLFSystemSetupData | None = element("LF_SystemSetupData", default=None)


@message(ns=WPT, name="WPT_FinePositioningReq", root=True)
class WPTFinePositioningReq(V2GRequest):
    """Vehicle's turn of fine positioning."""

    ev_processing: Processing = element("EVProcessing")
    ev_result_code: WPTEVResult = element("EVResultCode")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )
    wpt_lf_data_package_list: WPTLFDataPackageList | None = element("WPT_LF_DataPackageList", default=None)


@message(ns=WPT, name="WPT_FinePositioningRes", root=True)
class WPTFinePositioningRes(V2GResponse):
    """Station's turn of fine positioning."""

    evse_processing: Processing = element("EVSEProcessing")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )
    wpt_lf_data_package_list: WPTLFDataPackageList | None = element("WPT_LF_DataPackageList", default=None)


@message(ns=WPT, name="WPT_PairingReq", root=True)
class WPTPairingReq(V2GRequest):
    """Vehicle's turn of pairing with the primary device it stands over."""

    ev_processing: Processing = element("EVProcessing")
    observed_id_code: NumericID | None = element("ObservedIDCode", default=None)
    ev_result_code: WPTEVResult = element("EVResultCode")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_PairingRes", root=True)
class WPTPairingRes(V2GResponse):
    """Station's turn of pairing; other stations, if this is the wrong one."""

    evse_processing: Processing = element("EVSEProcessing")
    observed_id_code: NumericID | None = element("ObservedIDCode", default=None)
    alternative_secc_list: AlternativeSECCList | None = element("AlternativeSECCList", default=None)
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_ChargeParameterDiscoveryReq", root=True)
class WPTChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """The vehicle's limits for wireless transfer."""

    evpc_max_receivable_power: RationalNumber = element("EVPCMaxReceivablePower")  # W
    sd_max_ground_clearence: UnsignedShort = element("SDMaxGroundClearence")
    sd_min_ground_clearence: UnsignedShort = element("SDMinGroundClearence")
    evpc_natural_frequency: RationalNumber = element("EVPCNaturalFrequency")  # Hz
    evpc_device_local_control: bool = element("EVPCDeviceLocalControl")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_ChargeParameterDiscoveryRes", root=True)
class WPTChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """The supply device's limits for wireless transfer."""

    pd_input_power_class: WPTPowerClass = element("PDInputPowerClass")
    sd_min_output_power: RationalNumber = element("SDMinOutputPower")  # W
    sd_max_output_power: RationalNumber = element("SDMaxOutputPower")  # W
    sd_max_ground_clearance_support: UnsignedShort = element("SDMaxGroundClearanceSupport")
    sd_min_ground_clearance_support: UnsignedShort = element("SDMinGroundClearanceSupport")
    pd_min_coil_current: RationalNumber = element("PDMinCoilCurrent")  # A
    pd_max_coil_current: RationalNumber = element("PDMaxCoilCurrent")  # A
    sd_manufacturer_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "SDManufacturerSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_AlignmentCheckReq", root=True)
class WPTAlignmentCheckReq(V2GRequest):
    """Vehicle's turn of the alignment check."""

    ev_processing: Processing = element("EVProcessing")
    target_coil_current: RationalNumber | None = element("TargetCoilCurrent", default=None)  # A
    ev_result_code: WPTEVResult = element("EVResultCode")
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_AlignmentCheckRes", root=True)
class WPTAlignmentCheckRes(V2GResponse):
    """Station's turn of the alignment check."""

    evse_processing: Processing = element("EVSEProcessing")
    power_transmitted: RationalNumber | None = element("PowerTransmitted", default=None)  # W
    supply_device_current: RationalNumber | None = element("SupplyDeviceCurrent", default=None)  # A
    vendor_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "VendorSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_ChargeLoopReq", root=True)
class WPTChargeLoopReq(ChargeLoopReq):
    """Vehicle's turn of the wireless charge loop."""

    evpc_power_request: RationalNumber = element("EVPCPowerRequest")  # W
    evpc_power_output: RationalNumber = element("EVPCPowerOutput")  # W
    evpc_charge_diagnostics: WPTEVPCChargeDiagnostics = element("EVPCChargeDiagnostics")
    evpc_operating_frequency: RationalNumber | None = element("EVPCOperatingFrequency", default=None)  # Hz
    evpc_power_control_parameter: WPTEVPCPowerControlParameter | None = element(
        "EVPCPowerControlParameter", default=None
    )
    manufacturer_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "ManufacturerSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_ChargeLoopRes", root=True)
class WPTChargeLoopRes(ChargeLoopRes):
    """Station's turn of the wireless charge loop."""

    evpc_power_request: RationalNumber = element("EVPCPowerRequest")  # W
    sd_power_input: RationalNumber | None = element("SDPowerInput", default=None)  # W
    spc_max_output_power_limit: RationalNumber = element("SPCMaxOutputPowerLimit")  # W
    spc_min_output_power_limit: RationalNumber = element("SPCMinOutputPowerLimit")  # W
    spc_charge_diagnostics: WPTSPCChargeDiagnostics = element("SPCChargeDiagnostics")
    spc_operating_frequency: RationalNumber | None = element("SPCOperatingFrequency", default=None)  # Hz
    spc_power_control_parameter: WPTSPCPowerControlParameter | None = element("SPCPowerControlParameter", default=None)
    manufacturer_specific_data_container: tuple[WPTDataContainer, ...] = element(
        "ManufacturerSpecificDataContainer", occurs=(0, 16), default=()
    )


@message(ns=WPT, name="WPT_FinePositioningMethodList")
class WPTFinePositioningMethodList(Record):
    """Ways to find the position."""

    wpt_fine_positioning_method: tuple[WPTFinePositioningMethod, ...] = element(
        "WPT_FinePositioningMethod", occurs=(1, 8)
    )


@message(ns=WPT, name="WPT_PairingMethodList")
class WPTPairingMethodList(Record):
    """Ways to pair."""

    wpt_pairing_method: tuple[WPTPairingMethod, ...] = element("WPT_PairingMethod", occurs=(1, 8))


@message(ns=WPT, name="WPT_AlignmentCheckMethodList")
class WPTAlignmentCheckMethodList(Record):
    """Ways to check the alignment."""

    wpt_alignment_check_method: tuple[WPTAlignmentCheckMethod, ...] = element("WPT_AlignmentCheckMethod", occurs=(1, 8))


@message(ns=WPT, name="WPT_EVPCPowerControlParameter")
class WPTEVPCPowerControlParameter(Record):
    """Currents and voltages of the vehicle's power circuit."""

    evpc_coil_current_request: RationalNumber = element("EVPCCoilCurrentRequest")  # A
    evpc_coil_current_information: RationalNumber = element("EVPCCoilCurrentInformation")  # A
    evpc_current_output_information: RationalNumber = element("EVPCCurrentOutputInformation")  # A
    evpc_voltage_output_information: RationalNumber = element("EVPCVoltageOutputInformation")  # V


@message(ns=WPT, name="WPT_SPCPowerControlParameter")
class WPTSPCPowerControlParameter(Record):
    """Coil current of the supply's power circuit."""

    spc_primary_device_coil_current_information: RationalNumber = element("SPCPrimaryDeviceCoilCurrentInformation")  # A


@message(ns=WPT, name="WPT_LF_SystemSetupData")
class WPTLFSystemSetupData(Record):
    """The low frequency transmitters or receivers of one side."""

    setup_data: WPTLFTransmitterData | WPTLFReceiverData = choice("LF_TransmitterSetupData", "LF_ReceiverSetupData")


@message(ns=WPT, name="WPT_LF_TransmitterData")
class WPTLFTransmitterData(Record):
    """Low frequency transmitters: how many, where, and how they pulse."""

    number_of_transmitters: UnsignedByte = element("NumberOfTransmitters")
    signal_frequency: RationalNumber = element("SignalFrequency")  # Hz
    tx_spec_data: tuple[WPTTxRxSpecData, ...] = element("TxSpecData", occurs=(2, 255))
    tx_package_spec_data: WPTTxRxPackageSpecData | None = element("TxPackageSpecData", default=None)


@message(ns=WPT, name="WPT_LF_ReceiverData")
class WPTLFReceiverData(Record):
    """Low frequency receivers: how many and where."""

    number_of_receivers: UnsignedByte = element("NumberOfReceivers")
    rx_spec_data: tuple[WPTTxRxSpecData, ...] = element("RxSpecData", occurs=(2, 255))


@message(ns=WPT, name="WPT_TxRxSpecData")
class WPTTxRxSpecData(Record):
    """A transmitter or receiver: its id, place and orientation."""

    tx_rx_identifier: NumericID = element("TxRxIdentifier")
    tx_rx_position: WPTCoordinateXYZ = element("TxRxPosition")
    tx_rx_orientation: WPTCoordinateXYZ = element("TxRxOrientation")


@message(ns=WPT, name="WPT_CoordinateXYZ")
class WPTCoordinateXYZ(Record):
    """A place or an orientation in three coordinates."""

    coord_x: Short = element("Coord_X")
    coord_y: Short = element("Coord_Y")
    coord_z: Short = element("Coord_Z")


@message(ns=WPT, name="WPT_TxRxPackageSpecData")
class WPTTxRxPackageSpecData(Record):
    """The order and the times of a package of pulses."""

    pulse_sequence_order: tuple[WPTTxRxPulseOrder, ...] = element("PulseSequenceOrder", occurs=(2, 255))
    pulse_separation_time: UnsignedShort = element("PulseSeparationTime")
    pulse_duration: UnsignedShort = element("PulseDuration")
    package_separation_time: UnsignedShort = element("PackageSeparationTime")


@message(ns=WPT, name="WPT_TxRxPulseOrder")
class WPTTxRxPulseOrder(Record):
    """Which transmitter pulses when."""

    index_number: UnsignedShort = element("IndexNumber")
    tx_rx_identifier: NumericID = element("TxRxIdentifier")


@message(ns=WPT, name="WPT_LF_TxDataList")
class WPTLFTxDataList(Record):
    """What a transmitter reports."""

    wpt_lf_tx_data_list: WPTLFTxData = element("WPT_LF_TxDataList")


@message(ns=WPT, name="WPT_LF_TxData")
class WPTLFTxData(Record):
    """A transmitter and its radiated power (EIRP)."""

    tx_identifier: NumericID = element("TxIdentifier")
    eirp: RationalNumber = element("EIRP")


@message(ns=WPT, name="WPT_LF_RxDataList")
class WPTLFRxDataList(Record):
    """What a receiver reports."""

    wpt_lf_rx_data_list: WPTLFRxData = element("WPT_LF_RxDataList")


@message(ns=WPT, name="WPT_LF_RxData")
class WPTLFRxData(Record):
    """A receiver and what it heard."""

    rx_identifier: NumericID = element("RxIdentifier")
    rssi_data: WPTLFRxRSSIList = element("RSSIData")


@message(ns=WPT, name="WPT_LF_RxRSSIList")
class WPTLFRxRSSIList(Record):
    """Signal strengths."""

    rssi_data_list: WPTLFRxRSSI = element("RSSIDataList")


@message(ns=WPT, name="WPT_LF_RxRSSI")
class WPTLFRxRSSI(Record):
    """A transmitter and its signal strength at the receiver."""

    tx_identifier: NumericID = element("TxIdentifier")
    rssi: RationalNumber = element("RSSI")


@message(ns=WPT, name="WPT_LF_DataPackageList")
class WPTLFDataPackageList(Record):
    """Packages of positioning data."""

    num_packages: UnsignedByte = element("NumPackages")
    wpt_lf_data_package: WPTLFDataPackage = element("WPT_LF_DataPackage")


@message(ns=WPT, name="WPT_LF_DataPackage")
class WPTLFDataPackage(Record):
    """One package of positioning data, of a transmitter or a receiver."""

    package_index: UnsignedByte = element("PackageIndex")
    data: WPTLFTxDataList | WPTLFRxDataList = choice("LF_TxData", "LF_RxData")


@message(ns=WPT)
class AlternativeSECCList(Record):
    """Other stations near by."""

    alternative_secc: tuple[AlternativeSECC, ...] = element("AlternativeSECC", occurs=(1, 8))


@message(ns=WPT)
class AlternativeSECC(Record):
    """Another station and how to reach it."""

    ssid: Identifier | None = element("SSID", default=None)
    bssid: Bssid | None = element("BSSID", default=None)
    ip_address: Ipaddress | None = element("IPAddress", default=None)
    port: UnsignedShort | None = element("Port", default=None)
