"""Decisions that nothing else would notice being broken."""

import re

from support.scripts import ROOT
from tools.docs.reading import hcl

DATABASES = re.compile(r"aws_(db|rds|docdb|elasticache|memorydb|neptune|redshift|dax)_")
DRIVERS = re.compile(r"^(psycopg2?|asyncpg|pymysql|mysqlclient|sqlalchemy|redis|valkey|pymongo)\b", re.MULTILINE)


def test_no_module_has_a_relational_database_or_a_cache():
    modules = {file.parent for file in (ROOT / "modules").glob("*/versions.tf")} | {ROOT / "infrastructure"}
    addresses = [block.address for directory in modules for block in hcl.blocks(directory, "resource")]
    assert len(addresses) > 100
    assert [address for address in addresses if DATABASES.match(address)] == []


def test_the_functions_of_a_deployment_cannot_speak_to_one():
    assert DRIVERS.findall((ROOT / "requirements" / "lambda.txt").read_text()) == []


def test_there_is_one_terragrunt_unit():
    units = [
        file.relative_to(ROOT).as_posix()
        for folder in (".", "infrastructure", "modules", "environments")
        for file in (ROOT / folder).glob("*.hcl" if folder == "." else "**/terragrunt*.hcl")
        if "terragrunt" in file.name
    ]
    assert units == ["terragrunt.hcl"]
