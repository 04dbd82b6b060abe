# SPDX-License-Identifier: Apache-2.0
"""use.py URI [CLIENT-DIR | --ca FILE | --plain]: what an application does with Milvus, by pymilvus.

Creates a collection, inserts, searches, drops. CLIENT-DIR holds client.pem, client.key and ca.pem: mutual TLS.
--ca FILE: one-way TLS, no client certificate. --plain: no TLS. Exits 1 with the client's words when refused.
"""
import logging
import sys
import uuid

from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

VECTORS = [[0.1 * i, 1.0 - 0.1 * i, 0.5, 0.25] for i in range(10)]


def connect(uri, how):
    common = {"uri": uri, "timeout": 5}
    if how == ["--plain"]:
        return MilvusClient(**common)
    if len(how) == 2 and how[0] == "--ca":
        return MilvusClient(**common, secure=True, server_pem_path=how[1], server_name="localhost")
    folder = how[0]
    return MilvusClient(**common, secure=True, client_pem_path=f"{folder}/client.pem",
                        client_key_path=f"{folder}/client.key", ca_pem_path=f"{folder}/ca.pem", server_name="localhost")


def use(client):
    name = "mica_" + uuid.uuid4().hex[:8]
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")
    print(f"created collection {name}")
    client.insert(name, [{"id": i, "vector": v} for i, v in enumerate(VECTORS)])
    print(f"inserted {len(VECTORS)} vectors")
    hits = client.search(name, [VECTORS[3]], limit=3)[0]
    print("searched: nearest are", [hit["id"] for hit in hits])
    assert hits[0]["id"] == 3, hits
    client.drop_collection(name)
    assert name not in client.list_collections()
    print(f"dropped collection {name}")


def main(argv):
    if len(argv) < 2:
        print(__doc__.strip())
        return 2
    logging.disable(logging.CRITICAL)
    try:
        use(connect(argv[0], argv[1:]))
    except MilvusException as fault:
        print(f"refused: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
