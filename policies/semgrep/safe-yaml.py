import yaml


def read(text):
    # ruleid: safe-yaml
    yaml.load(text, Loader=yaml.Loader)
    # ruleid: safe-yaml
    yaml.unsafe_load(text)
    # ok: safe-yaml
    yaml.load(text, Loader=yaml.SafeLoader)
    # ok: safe-yaml
    return yaml.safe_load(text)
