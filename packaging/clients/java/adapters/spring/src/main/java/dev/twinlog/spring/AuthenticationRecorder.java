package dev.twinlog.spring;

import dev.twinlog.client.Client;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.springframework.context.ApplicationListener;
import org.springframework.security.authentication.event.AbstractAuthenticationEvent;
import org.springframework.security.authentication.event.AbstractAuthenticationFailureEvent;
import org.springframework.security.authentication.event.AuthenticationSuccessEvent;
import org.springframework.security.authentication.event.LogoutSuccessEvent;

/**
 * Records what Spring Security says of logins. As a bean:
 *
 * <pre>
 * &#64;Bean AuthenticationRecorder recorder(Client client) {
 *     return new AuthenticationRecorder(client, "acme", "shop", (event, members) -> {
 *         if (event.getAuthentication().getDetails() instanceof WebAuthenticationDetails details) {
 *             members.put("ip", details.getRemoteAddress());
 *             members.put("session_id", details.getSessionId());
 *         }
 *     });
 * }
 * </pre>
 *
 * Other events than these are no logins of their own: an interactive success, for one, comes beside the success that it is. The
 * credentials are never read, nor is an exception's text. Nothing here waits for the agent.
 */
public final class AuthenticationRecorder implements ApplicationListener<AbstractAuthenticationEvent> {
    private final Client client;
    private final String tenantId;
    private final String service;
    private final BiConsumer<AbstractAuthenticationEvent, Map<String, Object>> more;

    /** More adds what only the application knows, such as the client's address, to the members of an event. */
    public AuthenticationRecorder(Client client, String tenantId, String service,
                                  BiConsumer<AbstractAuthenticationEvent, Map<String, Object>> more) {
        this.client = client;
        this.tenantId = tenantId;
        this.service = service;
        this.more = more;
    }

    @Override
    public void onApplicationEvent(AbstractAuthenticationEvent event) {
        String type = typeOf(event);
        if (type == null) {
            return;
        }
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("tenant_id", tenantId);
        members.put("event_type", type);
        members.put("occurred_at", event.getTimestamp());
        members.put("service", service);
        members.put("username", event.getAuthentication().getName());
        if (event instanceof AbstractAuthenticationFailureEvent failure) {
            members.put("failure_reason", reasonOf(failure));
            members.put("failure_code", failure.getException().getClass().getSimpleName());
        }
        more.accept(event, members);
        client.record(members, null);
    }

    private static String typeOf(AbstractAuthenticationEvent event) {
        if (event instanceof AuthenticationSuccessEvent) {
            return "login_success";
        }
        if (event instanceof AbstractAuthenticationFailureEvent) {
            return "login_failed";
        }
        return event instanceof LogoutSuccessEvent ? "logout" : null;
    }

    /** AuthenticationFailureBadCredentialsEvent is bad_credentials. */
    private static String reasonOf(AbstractAuthenticationFailureEvent failure) {
        String name = failure.getClass().getSimpleName().replaceFirst("^AuthenticationFailure", "").replaceFirst("Event$", "");
        return name.replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase(java.util.Locale.ROOT);
    }
}
