def save(path, data):
    # ruleid: agent-writes-atomically
    path.write_bytes(data)
    # ruleid: agent-writes-atomically
    with path.open("wb") as file:
        file.write(data)
    # ok: agent-writes-atomically
    with path.open("ab") as file:
        file.write(data)
    # ok: agent-writes-atomically
    write_atomically(path, data)
