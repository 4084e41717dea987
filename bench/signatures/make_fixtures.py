"""Signs a small folder with OpenSSF's own program, as fixtures for the tests.

Usage: python bench/signatures/make_fixtures.py > test/fixtures/signatures.json
Needs: pip install model_signing==1.1.1 pyOpenSSL
"""

import json
import pathlib
import tempfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing

FILES = {
    "weights.bin": "0123456789",
    "a.txt": "a",
    "a/b.txt": "sorted before a.txt by path, after it as text",
    "größe/naïve \N{GRINNING FACE}.txt": "beyond the basic plane",
    ".gitignore": "left out of every signature",
    "notes/draft.md": "left out of this one",
}


def pem(key):
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def sign(folder, curve):
    key = ec.generate_private_key(curve)
    private = folder.parent / f"{curve.name}.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    signature = folder / "model.sig"
    config = hashing.Config().set_ignored_paths(paths=[folder / "notes", signature], ignore_git_paths=True)
    signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(config).sign(folder, signature)
    bundle = json.loads(signature.read_text())
    signature.unlink()
    return {"publicKey": pem(key.public_key()), "bundle": bundle}


with tempfile.TemporaryDirectory() as place:
    model = pathlib.Path(place) / "digits"
    for name, text in FILES.items():
        path = model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    made = {"p256": sign(model, ec.SECP256R1()), "p384": sign(model, ec.SECP384R1())}
    print(json.dumps({"madeBy": "model_signing 1.1.1", "files": FILES, "signatures": made}, indent=2))
