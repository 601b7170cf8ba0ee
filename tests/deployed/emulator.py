"""MiniStack with the features that the template needs and that it lacks, so that roles are enforced."""

import email.utils
import json
import string

import ministack.core.iam_actions as actions
import ministack.core.iam_evaluator as evaluator
import ministack.services.cloudformation.provisioners as cloudformation
from ministack.app import main

# The names that are replaced or used below. Replacing a name that MiniStack no longer has would have no effect.
for module, names in {
    actions: (
        "_DYNAMODB_TRANSACT_ITEM_ACTIONS",
        "_dynamodb_table_arn",
        "dynamodb_service_context",
        "dynamodb_transaction_checks",
        "extract_resource_arn",
    ),
    cloudformation: ("_RESOURCE_HANDLERS", "_cw_metric_alarm_record", "_sm_secret_string"),
    evaluator: ("enforce",),
}.items():
    for name in names:
        assert hasattr(module, name), f"{module.__name__} of MiniStack no longer has {name}"

# Unknown resource types are accepted and ignored.
for name in ("AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::Events::Archive"):
    assert name not in cloudformation._RESOURCE_HANDLERS, f"MiniStack now supports {name}: remove it here"
    cloudformation._RESOURCE_HANDLERS[name] = {
        "create": lambda logical_id, properties, stack: (f"{stack}-{logical_id}", {}),
        "delete": lambda physical_id, properties: None,
    }

# GenerateSecretString supports ExcludeCharacters, but not ExcludePunctuation.
secret_string = cloudformation._sm_secret_string


def without_punctuation(properties):
    generate = properties.get("GenerateSecretString") or {}
    if generate.get("ExcludePunctuation"):
        properties = {**properties, "GenerateSecretString": {**generate, "ExcludeCharacters": string.punctuation}}
    return secret_string(properties)


cloudformation._sm_secret_string = without_punctuation

# Alarms of several metrics are not supported: the first metric is used.
alarm_record = cloudformation._cw_metric_alarm_record


def of_first_metric(name, properties):
    if metrics := properties.get("Metrics"):
        properties = {**properties, **metrics[0]["MetricStat"]["Metric"], "Metrics": []}
    return alarm_record(name, properties)


cloudformation._cw_metric_alarm_record = of_first_metric

# It evaluates the conditions of a role, but does not provide the partitions of a call or the sender of a mail.
LEADING_KEYS = "dynamodb:LeadingKeys"
service_context = actions.dynamodb_service_context
resource_of = actions.extract_resource_arn
enforce = evaluator.enforce


class Arn(str):
    """The resource of a call, with its condition keys."""

    conditions: dict


def leading_keys(call):
    """The partitions of a call or of a part of a transaction. The partition of a query is its value `:partition`."""
    keys = [call[place] for place in ("Key", "Item") if place in call]
    keys += [key for table in call.get("RequestItems", {}).values() for key in table["Keys"]]
    partitions = [key["pk"]["S"] for key in keys]
    partition = call.get("ExpressionAttributeValues", {}).get(":partition")
    partitions += [partition["S"]] if partition and "KeyConditionExpression" in call else []
    return {LEADING_KEYS: partitions} if partitions else {}


def with_leading_keys(body):
    return {**service_context(body), **leading_keys(json.loads(body or b"{}"))}


def transaction_checks(action, body, region, account):
    """The parts of a transaction. Each is allowed or refused separately."""
    checks = []
    if action in ("dynamodb:TransactGetItems", "dynamodb:TransactWriteItems"):
        for item in json.loads(body)["TransactItems"]:
            [(kind, part)] = item.items()
            table = Arn(actions._dynamodb_table_arn(part["TableName"], region, account))
            table.conditions = leading_keys(part)
            checks.append((actions._DYNAMODB_TRANSACT_ITEM_ACTIONS[kind], table))
    return checks


def with_identity(service, method, path, headers, body, parameters, region, account):
    if service == "ses" and (method, path) == ("POST", "/v2/email/outbound-emails"):
        _, sender = email.utils.parseaddr(json.loads(body)["FromEmailAddress"])
        identity = Arn(f"arn:aws:ses:{region}:{account}:identity/{sender.rpartition('@')[2]}")
        identity.conditions = {"ses:FromAddress": sender}
        return identity
    return resource_of(service, method, path, headers, body, parameters, region, account)


def enforce_and_log(key, action, service, region, resource_arn="*", service_context=None):
    if isinstance(resource_arn, Arn):
        service_context = {**(service_context or {}), **resource_arn.conditions}
    refused = enforce(key, action, service, region, resource_arn=resource_arn, service_context=service_context)
    if refused is not None:
        print("refused:", action, resource_arn, service_context, refused, flush=True)
    return refused


actions.dynamodb_service_context = with_leading_keys
actions.dynamodb_transaction_checks = transaction_checks
actions.extract_resource_arn = with_identity
evaluator.enforce = enforce_and_log

main()
