output "guardrails" {
  description = "Id and version by name, as a scanner rule's `bedrock_guardrail` takes them."
  value = {
    for name, version in aws_bedrock_guardrail_version.this :
    name => { id = aws_bedrock_guardrail.this[name].guardrail_id, version = version.version }
  }
}
