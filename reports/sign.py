"""A signed copy of the PDF. The unsigned one stays: it is the same every time, a signature never is."""

from __future__ import annotations

import io
from pathlib import Path

from asn1crypto.x509 import Certificate
from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from reports.load import ReportError

_FIELD = "Laboratory"


def sign_pdf(pdf: Path, signed: Path, key: Path, certificate: Path, *, reason: str = "Test report issued") -> Path:
    """Write `signed`: the PDF with a PAdES signature of the laboratory (ETSI EN 319 142-1, baseline B).

    Key and certificate are PEM files. Raises ReportError if they do not fit.
    """
    signer = signers.SimpleSigner.load(str(key), str(certificate))  # type: ignore[no-untyped-call]
    if signer is None:
        raise ReportError(f"{key} and {certificate} cannot sign: both must be PEM, the key without password")
    name = x509.load_pem_x509_certificate(certificate.read_bytes()).subject.rfc4514_string()
    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD, name=name, reason=reason, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    written = io.BytesIO()
    with pdf.open("rb") as file:
        signers.sign_pdf(IncrementalPdfFileWriter(file), metadata, signer=signer, output=written)
    signed.write_bytes(written.getvalue())
    return signed


def verify_pdf(signed: Path, certificate: bytes) -> bool:
    """True if the whole file is covered by an intact signature of that certificate (DER)."""
    trusted = Certificate.load(certificate)
    context = ValidationContext(trust_roots=[trusted], allow_fetching=False)
    with signed.open("rb") as file:
        signatures = PdfFileReader(file).embedded_signatures
        if not signatures:
            return False
        status = validate_pdf_signature(signatures[-1], context)
        whole = status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_FILE
        return bool(status.bottom_line and status.intact and whole)
