"""What to do about an error of Terraform or AWS. In: its words. Out: one sentence, or an empty text.

From what AWS and Terraform say most often. What is not known gets no guess.
"""

import re
from typing import Final

_ADVICE: Final = {
    r"ExpiredToken|expired.*token|token.*expired|InvalidClientTokenId": (
        "Log in again: the AWS credentials have expired or are wrong."
    ),
    r"No valid credential sources|NoCredentialProviders|failed to refresh cached credentials": (
        "Log in, for example with `aws sso login`, or set AWS_PROFILE."
    ),
    r"AWS account ID not allowed": (
        "The credentials are of another account: set AWS_PROFILE to a profile of the environment's account."
    ),
    r"CloudWatch Logs role ARN must be set": "Run `gwctl bootstrap`, which gives API Gateway its log role.",
    r"AccessDenied|UnauthorizedOperation|not authorized to perform": (
        "Give the role that deploys the permission that is named, and run it again."
    ),
    r"Backend configuration changed": (
        "The state is to be kept elsewhere than before: copy it there by hand first, or change state.bucket back."
    ),
    r"state lock": (
        "Somebody else is at work on this environment, or a lock is left: wait, or release it as told below."
    ),
    r"LimitExceeded|[Qq]uota|TooMany(?!Requests)": (
        "A quota of the account is used up: ask AWS for more (Service Quotas), or remove what is not needed."
    ),
    r"[Dd]eletion protection": ("Write production: false, deploy, and destroy again: that turns the protection off."),
    r"already exists|AlreadyExists": (
        "Something of that name is there and is not in the state: import it, remove it, or change prefix."
    ),
    r"BucketNotEmpty": "The bucket has objects: empty it, and run it again.",
    r"gwctl build lambda": "Run `gwctl build lambda`.",
    r"Failed to (query available provider packages|install provider)|no available releases match": (
        "Terraform finds no provider: give it a way to its registry, or a mirror in GWCTL_PROVIDER_MIRROR."
    ),
    r"no such host|connection refused|i/o timeout|dial tcp": (
        "AWS cannot be reached from here: check the connection and the proxy."
    ),
    r"Throttling|Rate exceeded": "AWS wants fewer calls: run it again, with a lower --parallelism.",
}
"""Pattern → sentence; the first one that is found."""


_EMULATED: Final = r"StatusCode: 500|deserialization failed|NotImplemented"


def advice(text: str, *, emulated: bool = False) -> str:
    """What to do about it."""
    if emulated and re.search(_EMULATED, text):
        return "The emulated AWS cannot do this: leave it out in this environment, or patch moto in emulated_aws/shim."
    return next((sentence for pattern, sentence in _ADVICE.items() if re.search(pattern, text)), "")
