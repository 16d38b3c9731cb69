"""AWS Signature Version 4 for the one kind of request that AWS JSON takes.

`aws-sdk-signers`, the signer that AWS publishes apart from its SDK, needs
Python 3.12. Below that the same few steps are done here: such a request is
always a POST to `/` without a query, which leaves out all that makes signing
hard (AWS general reference, "Create a signed AWS API request"). A test holds
both against botocore.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_ssm.settings import Credentials

_DEFAULT_PORTS = {'http': 80, 'https': 443}


@dataclasses.dataclass(frozen=True, slots=True)
class Unsigned:
    """A POST to the root of a host.

    Attributes:
        url: Scheme, host and port.
        headers: Lower-case header name to value; all are signed.
        body: What is posted.
        service: Name of the service in the scope of the signature.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)
    service: str = 'ssm'

    @property
    def host(self) -> str:
        """Return the host; an IPv6 address stands in brackets."""
        host = urlsplit(self.url).hostname or ''
        return f'[{host}]' if ':' in host else host

    @property
    def host_header(self) -> str:
        """Return the Host header that a client sends (RFC 9110, 7.2)."""
        parts = urlsplit(self.url)
        if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)}:
            return self.host
        return f'{self.host}:{parts.port}'


def sign(
    request: Unsigned,
    credentials: Credentials,
    region: str,
    now: dt.datetime | None = None,
) -> dict[str, str]:
    """Return the headers of a request, its signature among them.

    Args:
        request: What is to be sent.
        credentials: The key that signs.
        region: Region that the endpoint belongs to.
        now: Time of signing, timezone-aware; AWS takes it for 5 minutes.
    """
    stamp = (now or dt.datetime.now(dt.UTC)).strftime('%Y%m%dT%H%M%SZ')
    if sys.version_info >= (3, 12):
        return sign_by_aws(request, credentials, region, stamp)
    return sign_here(request, credentials, region, stamp)


def sign_here(
    request: Unsigned, credentials: Credentials, region: str, stamp: str
) -> dict[str, str]:
    """Sign with the standard library; the stamp is `20260131T235959Z`."""
    headers = {**request.headers, 'x-amz-date': stamp}
    if credentials.session_token:
        headers['x-amz-security-token'] = credentials.session_token
    signed = sorted({**headers, 'host': request.host_header}.items())
    names = ';'.join(name for name, _ in signed)
    canonical = '\n'.join(
        [
            'POST',
            '/',
            '',
            *(f'{name}:{" ".join(text.split())}' for name, text in signed),
            '',
            names,
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    scope = f'{stamp[:8]}/{region}/{request.service}/aws4_request'
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f'AWS4{credentials.secret_access_key}'.encode()
    for text in (
        *scope.split('/'),
        f'AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}',
    ):
        key = hmac.digest(key, text.encode(), 'sha256')
    return {
        **headers,
        'authorization': (
            f'AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope},'
            f' SignedHeaders={names}, Signature={key.hex()}'
        ),
    }


if sys.version_info >= (3, 12):

    def sign_by_aws(
        request: Unsigned, credentials: Credentials, region: str, stamp: str
    ) -> dict[str, str]:
        """Sign with `aws-sdk-signers`."""
        import aws_sdk_signers as aws  # noqa: PLC0415  not there below 3.12

        parts = urlsplit(request.url)
        signed = aws.SigV4Signer().sign(
            request=aws.AWSRequest(
                destination=aws.URI(
                    scheme=parts.scheme,
                    host=request.host,
                    port=parts.port,
                    path='/',
                ),
                method='POST',
                body=[request.body],
                fields=aws.Fields(
                    [
                        aws.Field(name=name, values=[text])
                        for name, text in request.headers.items()
                    ]
                ),
            ),
            identity=aws.AWSCredentialIdentity(
                access_key_id=credentials.access_key_id,
                secret_access_key=credentials.secret_access_key,
                session_token=credentials.session_token,
            ),
            properties={
                'region': region,
                'service': request.service,
                'date': stamp,
            },
        )
        return {
            field.name.lower(): field.as_string() for field in signed.fields
        }
