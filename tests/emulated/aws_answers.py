"""What AWS does where moto does otherwise. In: a way to get clients. Out: whether they were answered as AWS answers.

One function for each patch of `gwctl.emulated_aws.shim`, by its name in WHAT_AWS_DOES.
"""

import json
from collections.abc import Callable
from typing import Any

REGION = "eu-central-1"
Clients = Callable[[str], Any]


def bucket(clients: Clients, name: str, *statements: dict[str, Any]) -> Any:
    s3 = clients("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if statements:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return s3


def tls_only(name: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{name}"
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"], "Condition": condition}


def delivery(name: str) -> dict[str, Any]:
    principal = {"Service": "logging.s3.amazonaws.com"}
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/s3/*",
    }


def logging_by_policy(clients: Clients) -> Any:
    target = "shim-logs"
    s3 = bucket(clients, target, tls_only(target), delivery(target))
    bucket(clients, "shim-source")
    enabled = {"TargetBucket": target, "TargetPrefix": "s3/source/"}
    s3.put_bucket_logging(Bucket="shim-source", BucketLoggingStatus={"LoggingEnabled": enabled})
    return s3.get_bucket_logging(Bucket="shim-source")["LoggingEnabled"]["TargetPrefix"] == "s3/source/"


def policy_conditions(clients: Clients) -> Any:
    s3 = bucket(clients, "shim-tls", tls_only("shim-tls"))
    s3.put_object(Bucket="shim-tls", Key="a", Body=b"x")
    return s3.get_object(Bucket="shim-tls", Key="a")["Body"].read() == b"x"


def delete_markers(clients: Clients) -> Any:
    s3 = bucket(clients, "shim-versions")
    s3.put_bucket_versioning(Bucket="shim-versions", VersioningConfiguration={"Status": "Enabled"})
    made = s3.put_object(Bucket="shim-versions", Key="a", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket="shim-versions", Key="a")["VersionId"]
    # As Terraform destroys a bucket: versioning goes first, then what is in it.
    s3.put_bucket_versioning(Bucket="shim-versions", VersioningConfiguration={"Status": "Suspended"})
    both = [{"Key": "a", "VersionId": version} for version in (marker, made)]
    s3.delete_objects(Bucket="shim-versions", Delete={"Objects": both})
    return "DeleteMarkers" not in s3.list_object_versions(Bucket="shim-versions")


def object_lock(clients: Clients) -> Any:
    s3 = clients("s3")
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="shim-lock", CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="shim-lock", Key="a", Body=b"x")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    wanted = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket="shim-lock", ObjectLockConfiguration=wanted)
    there = s3.get_object(Bucket="shim-lock", Key="a")["Body"].read() == b"x"
    now = s3.get_object_lock_configuration(Bucket="shim-lock")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    return there and (now["Mode"], now["Days"]) == ("GOVERNANCE", 1)


def function_logging(clients: Clients) -> Any:
    role = clients("iam").create_role(RoleName="shim", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    logging = {"LogFormat": "JSON", "LogGroup": "/shim"}
    function = clients("lambda")
    function.create_function(
        FunctionName="shim",
        Role=role,
        Runtime="python3.13",
        Handler="a.b",
        Code={"ZipFile": b"x"},
        LoggingConfig=logging,
    )
    return function.get_function(FunctionName="shim")["Configuration"].get("LoggingConfig") == logging


RULE = """
Resources:
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: {listener}
      Priority: 1
      Conditions: [{{Field: path-pattern, PathPatternConfig: {{Values: !Ref Paths}}}}]
      Actions:
        - Type: {action}
          Order: 1
          {config}
        - {{Type: fixed-response, Order: 2, FixedResponseConfig: {{StatusCode: "404"}}}}
Parameters:
  Paths: {{Type: CommaDelimitedList}}
"""


def stack(clients: Clients, name: str, action: str, config: str) -> Any:
    ec2, elb = clients("ec2"), clients("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    refuse = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=refuse)
    body = RULE.format(listener=listener["Listeners"][0]["ListenerArn"], action=action, config=config)
    cloudformation = clients("cloudformation")
    parameters = [{"ParameterKey": "Paths", "ParameterValue": "/a,/b"}]
    cloudformation.create_stack(StackName=name, TemplateBody=body, Parameters=parameters)
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]


def listener_rules(clients: Clients) -> Any:
    config = 'JwtValidationConfig: {Issuer: "https://i", JwksEndpoint: "https://i/jwks"}'
    return stack(clients, "shim-jwt", "jwt-validation", config)["StackStatus"] == "CREATE_COMPLETE"


def stack_parameters(clients: Clients) -> Any:
    config = "RedirectConfig: {StatusCode: HTTP_301, Port: '443'}"
    parameters = stack(clients, "shim-list", "redirect", config)["Parameters"]
    return parameters == [{"ParameterKey": "Paths", "ParameterValue": "/a,/b"}]


def api_policy(clients: Clients) -> Any:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    api = clients("apigateway").create_rest_api(name="shim", policy=policy)
    return json.loads(f'"{api["policy"]}"') == policy


def queries(clients: Clients) -> Any:
    logs = clients("logs")
    made = logs.put_query_definition(name="shim", queryString="fields @message")["queryDefinitionId"]
    (found,) = logs.describe_query_definitions(queryDefinitionNamePrefix="shim")["queryDefinitions"]
    return found["queryDefinitionId"] == made and logs.delete_query_definition(queryDefinitionId=made)["success"]


def rule_descriptions(clients: Clients) -> Any:
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    groups = [ec2.create_security_group(GroupName=f"shim-{n}", Description="d", VpcId=vpc)["GroupId"] for n in "ab"]
    peer = [{"GroupId": groups[1], "Description": "from b"}]
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": peer}
    ec2.authorize_security_group_ingress(GroupId=groups[0], IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [groups[0]]}])[
        "SecurityGroupRules"
    ]
    return [each.get("Description") for each in rules if not each["IsEgress"]] == ["from b"]


def target_tags(clients: Clients) -> Any:
    scaling = clients("application-autoscaling")
    place = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/x",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    arn = scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=2, Tags={"a": "1"})["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    return scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}


def service_settings(clients: Clients) -> Any:
    ecs = clients("ecs")
    ecs.create_cluster(clusterName="shim")
    ecs.register_task_definition(family="shim", containerDefinitions=[{"name": "a", "image": "b", "memory": 1}])
    wanted = {"availabilityZoneRebalancing": "ENABLED", "healthCheckGracePeriodSeconds": 9}
    ecs.create_service(cluster="shim", serviceName="s", taskDefinition="shim", desiredCount=1, **wanted)
    (service,) = ecs.describe_services(cluster="shim", services=["s"])["services"]
    return {name: service.get(name) for name in wanted} == wanted


def resource_server(clients: Clients) -> Any:
    cognito = clients("cognito-idp")
    pool = cognito.create_user_pool(PoolName="shim")["UserPool"]["Id"]
    cognito.create_resource_server(UserPoolId=pool, Identifier="gateway", Name="g")
    cognito.delete_resource_server(UserPoolId=pool, Identifier="gateway")
    return cognito.list_resource_servers(UserPoolId=pool, MaxResults=10)["ResourceServers"] == []


def app_client_secrets(clients: Clients) -> Any:
    cognito = clients("cognito-idp")
    pool = cognito.create_user_pool(PoolName="shim")["UserPool"]["Id"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="c", GenerateSecret=True)["UserPoolClient"]
    client = {"UserPoolId": pool, "ClientId": made["ClientId"]}
    new = cognito.add_user_pool_client_secret(**client)["ClientSecretDescriptor"]
    ids = [each["ClientSecretId"] for each in cognito.list_user_pool_client_secrets(**client)["ClientSecrets"]]
    cognito.delete_user_pool_client_secret(**client, ClientSecretId=ids[0])
    left = cognito.describe_user_pool_client(**client)["UserPoolClient"]["ClientSecret"]
    values = made["ClientSecret"], new["ClientSecretValue"]
    return ids[1:] == [new["ClientSecretId"]] and left == values[1] and all(map(str.isalnum, values))


def named_query(clients: Clients) -> Any:
    athena = clients("athena")
    made = athena.create_named_query(Name="shim", Database="d", QueryString="select 1")["NamedQueryId"]
    athena.delete_named_query(NamedQueryId=made)
    return made not in athena.list_named_queries()["NamedQueryIds"]


def budget(clients: Clients) -> Any:
    budgets = clients("budgets")
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "a@example.net"}
    account = "123456789012"
    budgets.create_budget(
        AccountId=account,
        Budget={
            "BudgetName": "shim",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
        ResourceTags=[{"Key": "a", "Value": "1"}],
    )
    told = budgets.describe_subscribers_for_notification(
        AccountId=account, BudgetName="shim", Notification=notification
    )
    arn = f"arn:aws:budgets::{account}:budget/shim"
    tags = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    return told["Subscribers"] == [subscriber] and tags == [{"Key": "a", "Value": "1"}]


WHAT_AWS_DOES: dict[str, Callable[[Clients], Any]] = {
    "bucket_logging_by_policy": logging_by_policy,
    "bucket_policies_without_conditions": policy_conditions,
    "delete_markers_are_deleted": delete_markers,
    "function_logging": function_logging,
    "listener_rules_validate_tokens": listener_rules,
    "object_lock_of_a_bucket_with_objects": object_lock,
    "rest_api_policy_is_escaped": api_policy,
    "query_definitions": queries,
    "security_group_rule_descriptions": rule_descriptions,
    "scalable_target_tags": target_tags,
    "service_settings": service_settings,
    "stack_parameters_as_given": stack_parameters,
    "resource_server_deletion": resource_server,
    "app_client_secrets": app_client_secrets,
    "named_query_deletion": named_query,
    "budget_subscribers_and_tags": budget,
}
