"""The configuration profile by which iPhones, iPads and Macs take an authority's certificate."""

import hashlib
import plistlib
import uuid

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

IDENTIFIER = "habla.authority"


def configuration_profile(certificate: x509.Certificate, description: str) -> bytes:
    """Return a .mobileconfig that installs ``certificate`` as a root (Apple's Device Management).

    The same certificate always gives the same profile, so that installing it again replaces it.
    """
    name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    content = certificate.public_bytes(Encoding.DER)
    digest = hashlib.sha256(content).hexdigest()
    root = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{IDENTIFIER}.{digest[:16]}.root",
        "PayloadUUID": _uuid(digest, "root"),
        "PayloadDisplayName": name,
        "PayloadCertificateFileName": "habla.crt",
        "PayloadContent": content,
    }
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"{IDENTIFIER}.{digest[:16]}",
            "PayloadUUID": _uuid(digest, "profile"),
            "PayloadDisplayName": name,
            "PayloadDescription": description,
            "PayloadContent": [root],
        }
    )


def _uuid(digest: str, part: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{digest} {part}")).upper()
