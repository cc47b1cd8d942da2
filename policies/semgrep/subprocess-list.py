import os
import subprocess


def run(name):
    # ruleid: subprocess-list
    subprocess.run("terraform plan")
    # ruleid: subprocess-list
    subprocess.run(f"terraform plan {name}", check=True)
    # ruleid: subprocess-list
    subprocess.check_call(["terraform", name], shell=True)
    # ruleid: subprocess-list
    os.system(name)
    # ok: subprocess-list
    subprocess.run(["terraform", "plan", name], check=True)
