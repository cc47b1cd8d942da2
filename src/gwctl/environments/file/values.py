"""The values that an environment's file is made of, as types. What each may be is what AWS or the modules take."""

from typing import Annotated, Final

from pydantic import AfterValidator

from gwctl.core.regions import aws_region
from gwctl.environments.file.checks import OneOf, Range, Text

RESERVED_BY_COGNITO: Final = ("aws", "amazon", "cognito")
"""Words that no prefix of a token endpoint's host name may have."""
_NAME = "write lower-case letters, digits and hyphens"

AccountId = Annotated[
    str, Text(r"[0-9]{12}", "is no AWS account", "write the account's 12 digits in quotes; leading zeros count")
]
BackupVault = Annotated[
    str,
    Text(
        r"arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}",
        "is no vault of AWS Backup",
        "write its ARN, arn:aws:backup:<region>:<account>:backup-vault:<name>",
    ),
]
BedrockModel = Annotated[
    str,
    Text(
        r"arn:[a-z-]+:bedrock:[a-z0-9*-]*:[0-9]*:(foundation-model|inference-profile|application-inference-profile)/"
        r"(?!\*$).+",
        "is not the ARN of a model or an inference profile",
        "write arn:aws:bedrock:<region>::foundation-model/<model> for each that routes use; a bare * is all of them",
    ),
]
Bucket = Annotated[
    str,
    Text(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "is no bucket name", "write 3 to 63 lower-case letters, digits and hyphens"
    ),
]
Certificate = Annotated[
    str, Text(r"arn:[a-z-]+:(acm|iam):\S+", "is no certificate", "write the ARN of one in ACM, in the same region")
]
Cidr = Annotated[str, Range()]
ClosedCidr = Annotated[str, Range(everybody=False)]
ClientName = Annotated[str, Text(r"[a-z][a-z0-9-]{0,62}", "is no name of a client", _NAME)]
CognitoPrefix = Annotated[
    str,
    Text(
        rf"(?!.*(?:{'|'.join(RESERVED_BY_COGNITO)}))[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?",
        "is no prefix that Cognito takes",
        f"{_NAME}, without the words {', '.join(RESERVED_BY_COGNITO[:-1])} and {RESERVED_BY_COGNITO[-1]}",
    ),
]
Email = Annotated[str, Text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "is no e-mail address", "write one with an @ and a domain")]
GitBranch = Annotated[str, Text(r"[A-Za-z0-9_./-]+", "is no plain name of a branch", "write it without * and ?")]
GithubEnvironment = Annotated[
    str, Text(r"[A-Za-z0-9_-]+", "is no name of a GitHub environment", "write letters, digits, hyphens and _ only")
]
GithubId = Annotated[
    str, Text(r"[1-9][0-9]*", "is no id of GitHub", "write the number, in quotes, that `gh api repos/OWNER/NAME` tells")
]
GithubOwner = Annotated[
    str, Text(r"[A-Za-z0-9-]+", "is no owner of a repository", "write the organisation's or user's name")
]
GithubName = Annotated[
    str, Text(r"[A-Za-z0-9_.-]+", "is no name of a repository", "write it without its owner, and without * and ?")
]
GuardrailName = Annotated[str, Text(r"[a-z][a-z0-9-]{0,28}", "is no name of a guardrail", f"{_NAME}, 29 at most")]
Host = Annotated[
    str,
    Text(
        r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "is no host name",
        "write one such as ai.example.com, in lower case, without https:// and without a path",
    ),
]
Image = Annotated[
    str,
    Text(
        r"[^\s@]+@sha256:[0-9a-f]{64}",
        "is not pinned, and a tag can be moved to other content",
        "write repository@sha256:<64 hex digits>; `gwctl images list` has those of a deployment",
    ),
]
LogRetention = Annotated[
    int,
    OneOf(
        (90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
        "period that CloudWatch Logs offers",
    ),
]
OidcProvider = Annotated[
    str,
    Text(
        r"arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com",
        "is not GitHub's identity provider",
        "write the ARN of token.actions.githubusercontent.com in this account, or leave it out to have it made",
    ),
]
Prefix = Annotated[str, Text(r"[a-z][a-z0-9-]*[a-z0-9]", "is no prefix for names", _NAME)]
ProviderId = Annotated[str, Text(r"[a-z0-9][a-z0-9-]{0,62}", "is no id of a provider", _NAME)]
Region = Annotated[
    str,
    Text(r"[a-z]{2}(?:-[a-z]+)+-[0-9]", "is no AWS region", "write its code, such as eu-central-1"),
    AfterValidator(aws_region),
]
ScopePrefix = Annotated[
    str,
    Text(
        r"[A-Za-z0-9](?:[A-Za-z0-9_.:/-]{0,254}[A-Za-z0-9_.-])?",
        "is no identifier of a resource server",
        "write a word or a URL without a slash at its end, such as gateway or https://gateway.internal",
    ),
]
TableName = Annotated[
    str, Text(r"[A-Za-z0-9_.-]{3,255}", "is no name of a DynamoDB table", "write 3 to 255 letters, digits, _ . or -")
]
VpcRange = Annotated[str, Range(vpc=True)]
Zone = Annotated[
    str, Text(r"[a-z]{2}(?:-[a-z]+)+-[0-9][a-z]", "is no availability zone", "write one such as eu-central-1a")
]
ZoneId = Annotated[
    str, Text(r"Z[A-Z0-9]{5,31}", "is no id of a Route 53 zone", "write the zone's id; it begins with Z")
]
