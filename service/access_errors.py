"""Errors about who may come in and how much they may ask for, raised on purpose as in `service.errors`."""

from service.errors import ServiceError


class CredentialsMissing(ServiceError):
    code = "credentials_missing"
    status = 401
    title = "This needs an API key or a signed-in person"
    challenge = 'Bearer realm="assay"'


class KeyInvalid(ServiceError):
    """Unknown, mistyped or revoked: who has no right to a key learns nothing about it."""

    code = "key_invalid"
    status = 401
    title = "This API key is not valid"
    challenge = 'Bearer realm="assay", error="invalid_token"'


class KeyExpired(KeyInvalid):
    code = "key_expired"
    title = "This API key has expired"


class ScopeMissing(ServiceError):
    code = "scope_missing"
    status = 403
    title = "Your key or role does not allow this"

    def __init__(self, scope: str = "") -> None:
        super().__init__(f"this needs the scope {scope}" if scope else "")
        self.challenge = f'Bearer realm="assay", error="insufficient_scope", scope="{scope}"'


class TenantSuspended(ServiceError):
    code = "tenant_suspended"
    status = 403
    title = "This tenant is suspended"


class TooManyRequests(ServiceError):
    code = "too_many_requests"
    status = 429
    title = "More requests than this key or tenant may send"
    retry_after = 60

    def __init__(self, detail: str = "", seconds: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = seconds


class UploadQuotaUsed(ServiceError):
    code = "upload_quota_used"
    status = 429
    title = "More bytes than this key or tenant may upload in a day"
    retry_after = 3600

    def __init__(self, detail: str = "", seconds: int = 3600) -> None:
        super().__init__(detail)
        self.retry_after = seconds


class TooManyInFlight(ServiceError):
    code = "too_many_scans_in_flight"
    status = 429
    title = "This key or tenant has as many scans waiting or running as it may"
    retry_after = 5


class TenantNotFound(ServiceError):
    code = "tenant_not_found"
    status = 404
    title = "There is no such tenant"


class TenantExists(ServiceError):
    code = "tenant_exists"
    status = 409
    title = "There is already a tenant of that name"


class KeyNotFound(ServiceError):
    code = "key_not_found"
    status = 404
    title = "There is no such API key"


class NobodyToLetIn(ServiceError):
    code = "nobody_to_let_in"
    title = "The service has neither keys nor accounts to ask for"


class SignInFailed(ServiceError):
    code = "sign_in_failed"
    status = 401
    title = "Name and password do not match"


class TooManyAttempts(ServiceError):
    code = "too_many_attempts"
    status = 429
    title = "Too many attempts to sign in"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} seconds")
        self.retry_after = seconds


class CsrfTokenWrong(ServiceError):
    code = "csrf_token_wrong"
    status = 403
    title = "The request does not come from a page of this session"


class PasswordRefused(ServiceError):
    code = "password_refused"
    status = 422
    title = "This password cannot be used"


class AccountRefused(ServiceError):
    code = "account_refused"
    status = 422
    title = "The account cannot be changed like that"


class AccountNotFound(ServiceError):
    code = "account_not_found"
    status = 404
    title = "There is no such account"


class LinkInvalid(ServiceError):
    code = "link_invalid"
    status = 410
    title = "This link was used or is too old"


class HttpsRequired(ServiceError):
    code = "https_required"
    status = 403
    title = "Signing in needs https"


class ProviderUnavailable(ServiceError):
    code = "provider_unavailable"
    status = 502
    title = "The OpenID provider cannot be asked; signing in with a password still works"


class ProviderRefused(ServiceError):
    code = "provider_refused"
    status = 403
    title = "The OpenID provider did not let you in here"


class InNoGroup(ProviderRefused):
    """Somebody whom the provider knows, in none of the groups that may come in."""

    def __init__(self, issuer: str = "", subject: str = "") -> None:
        super().__init__("none of your groups at the provider may come in here")
        self.issuer = issuer
        self.subject = subject
