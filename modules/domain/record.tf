resource "aws_route53_record" "alias" {
  name    = var.name
  type    = "A"
  zone_id = var.zone_id

  alias {
    evaluate_target_health = var.alias.check_health
    name                   = var.alias.dns_name
    zone_id                = var.alias.zone_id
  }
}
