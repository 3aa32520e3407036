"""Addresses of companies and of the people in them."""

from django.urls import path

from tenants.views import account, api_keys, companies, invitations, protect, team

app_name = "tenants"

urlpatterns = [
    path("", companies.home, name="home"),
    path("companies/new/", companies.new, name="new"),
    path("language/", account.choose_language, name="language"),
    path("theme/", account.choose_theme, name="theme"),
    path("your-account/", account.account, name="account"),
    path("protect/", protect.protect, name="protect"),
    path("protect/kept/", protect.kept, name="kept"),
    path("join/", invitations.joining, name="joining"),
    path("join/<str:token>/", invitations.join, name="join"),
    path("t/<uuid:tenant_code>/settings/", companies.settings, name="settings"),
    path("t/<uuid:tenant_code>/api-keys/", api_keys.keys, name="api_keys"),
    path("t/<uuid:tenant_code>/api-keys/<uuid:key_code>/end/", api_keys.end, name="end_api_key"),
    path("t/<uuid:tenant_code>/team/", team.team, name="team"),
    path("t/<uuid:tenant_code>/team/leave/", team.leave, name="leave"),
    path("t/<uuid:tenant_code>/team/hand-over/", team.hand_over, name="hand_over"),
    path("t/<uuid:tenant_code>/team/members/<uuid:member_code>/role/", team.change_role, name="change_role"),
    path("t/<uuid:tenant_code>/team/members/<uuid:member_code>/remove/", team.remove, name="remove_member"),
    path("t/<uuid:tenant_code>/team/invitations/<uuid:invitation_code>/resend/", team.resend, name="resend"),
    path("t/<uuid:tenant_code>/team/invitations/<uuid:invitation_code>/withdraw/", team.withdraw, name="withdraw"),
]
