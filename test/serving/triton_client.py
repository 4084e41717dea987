"""Asks a server as a program would that uses the Open Inference Protocol's own client; prints what it got as JSON."""
import json
import sys

import numpy as np
import tritonclient.http as client

url, pixels = sys.argv[1], np.frombuffer(bytes.fromhex(sys.argv[2]), dtype=np.uint8).reshape(-1, 28, 28, 1)
server = client.InferenceServerClient(url)
metadata = server.get_model_metadata("mnist")
answers = {}
for binary in (True, False):
    image = client.InferInput("images", list(pixels.shape), "UINT8")
    image.set_data_from_numpy(pixels, binary_data=binary)
    outputs = [client.InferRequestedOutput(name, binary_data=binary) for name in ("logits", "class")]
    result = server.infer("mnist", [image], outputs=outputs, request_id="mine", model_version=metadata["versions"][0])
    answers["binary" if binary else "json"] = {
        "id": result.get_response()["id"],
        "logits": result.as_numpy("logits").tolist(),
        "class": result.as_numpy("class").tolist(),
    }
every = server.infer("mnist", [image])
print(
    json.dumps(
        {
            "live": server.is_server_live(),
            "ready": server.is_server_ready(),
            "modelReady": server.is_model_ready("mnist"),
            "otherReady": server.is_model_ready("other"),
            "server": server.get_server_metadata(),
            "model": metadata,
            "answers": answers,
            "probabilities": every.as_numpy("probabilities").sum(axis=1).tolist(),
        }
    )
)
