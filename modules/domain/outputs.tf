output "certificate_arn" {
  description = "Certificate of the host name, issued and ready to use."
  value       = aws_acm_certificate_validation.this.certificate_arn
}

output "name" {
  description = "The host name."
  value       = var.name
}
