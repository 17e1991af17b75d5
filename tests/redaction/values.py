"""For each rule something that it finds, and what of it must not remain."""

from __future__ import annotations

VALUES = {
    "private_key": "-----BEGIN"
    + " PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 4
    + "\n-----END"
    + " PRIVATE KEY-----",
    "jwt": "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl",
    "api_key": "sk" + "-proj-Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4f",
    "aws_secret": "secret key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "bearer": "Bearer 9f8e7d6c5b4a39281706",
    "url_password": "postgres://shop:s3cr3t-pw@db/shop",
    "password": 'password="hunter2"',
    "secret": "client_secret=9f8e7d6c5b4a3928",
    "email": "anna.b@example.com",
    "iban": "DE89 3704 0044 0532 0130 00",
    "card": "4111-1111-1111-1111",
    "cn_id": "11010519491231002X",
    "my_number": "1234-5678-9018",
    "ssn": "123-45-6789",
    "ipv4": "203.0.113.7",
    "ipv6": "2001:db8::8a2e:370:7334",
    "phone": "+1 212 555 0142",
    "url_query": "https://example.com/?a=b",
    "long_number": "1234567",
    "any_ipv4": "192.168.0.1",
    "any_ipv6": "fe80::1",
    "account": "root@localhost",
    "handle": "@anna_b",
    "random": "9fceb02d0ae598e95dc970b74767f19372d61af8",
}
SECRET_PART = {
    "aws_secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "bearer": "9f8e7d6c5b4a39281706",
    "url_password": "s3cr3t-pw",
    "password": "hunter2",
    "secret": "9f8e7d6c5b4a3928",
    "url_query": "a=b",
}
