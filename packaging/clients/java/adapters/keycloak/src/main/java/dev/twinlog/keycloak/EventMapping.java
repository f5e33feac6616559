package dev.twinlog.keycloak;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.keycloak.events.Event;
import org.keycloak.events.EventType;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.events.admin.OperationType;

/**
 * What twinlog keeps of Keycloak's events. The realm is the tenant, Keycloak's own id of an event its log_id, so that an event that
 * is told twice is one record. Of the details only those of DETAILS are sent: others hold addresses with tokens and ids of sessions.
 */
final class EventMapping {
    private static final Map<EventType, String> TYPES = Map.ofEntries(
        Map.entry(EventType.LOGIN, "login_success"), Map.entry(EventType.LOGIN_ERROR, "login_failed"),
        Map.entry(EventType.USER_DISABLED_BY_TEMPORARY_LOCKOUT, "account_locked"),
        Map.entry(EventType.USER_DISABLED_BY_PERMANENT_LOCKOUT, "account_locked"),
        Map.entry(EventType.LOGOUT, "logout"), Map.entry(EventType.REGISTER, "account_registered"),
        Map.entry(EventType.CLIENT_LOGIN, "client_login"), Map.entry(EventType.CLIENT_LOGIN_ERROR, "client_login_failed"),
        Map.entry(EventType.RESET_PASSWORD, "password_reset"), Map.entry(EventType.UPDATE_PASSWORD, "password_changed"),
        Map.entry(EventType.UPDATE_CREDENTIAL, "credential_changed"), Map.entry(EventType.REMOVE_CREDENTIAL, "credential_removed"),
        Map.entry(EventType.IMPERSONATE, "impersonated"));
    private static final List<String> DETAILS = List.of("auth_type", "grant_type", "identity_provider", "remember_me", "credential_type",
        "response_type", "reason");
    private static final String LOCKOUTS = "attack-detection/brute-force/users";

    private EventMapping() {}

    /** Null where the event is none for the record. */
    static Map<String, Object> of(Event event) {
        String type = TYPES.get(event.getType());
        if (type == null) {
            return null;
        }
        Map<String, String> details = event.getDetails() == null ? Map.of() : event.getDetails();
        Map<String, Object> members = start(event.getId(), tenant(event.getRealmName(), event.getRealmId()), type, event.getTime());
        put(members, "user_id", event.getUserId());
        put(members, "username", details.get("username"));
        put(members, "ip", event.getIpAddress());
        put(members, "service", event.getClientId());
        put(members, "session_id", event.getSessionId()); // The agent keeps a digest of it and never the id.
        put(members, "auth_method", details.get("auth_method"));
        put(members, "failure_reason", event.getError());
        if (event.getType() == EventType.USER_DISABLED_BY_TEMPORARY_LOCKOUT) {
            members.put("lock_kind", "temporary");
        } else if (event.getType() == EventType.USER_DISABLED_BY_PERMANENT_LOCKOUT) {
            members.put("lock_kind", "permanent");
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("keycloak_type", event.getType().name());
        DETAILS.forEach(name -> put(metadata, name, details.get(name)));
        members.put("metadata", metadata);
        return members;
    }

    /** An administrator who lifts a lock; the other doings of administrators are no logins. */
    static Map<String, Object> of(AdminEvent event) {
        String path = event.getResourcePath();
        if (event.getOperationType() != OperationType.DELETE || path == null || !path.startsWith(LOCKOUTS + "/")) {
            return null;
        }
        Map<String, Object> members = start(event.getId(), tenant(event.getRealmName(), event.getRealmId()), "lockout_reset", event.getTime());
        put(members, "user_id", path.substring(LOCKOUTS.length() + 1));
        if (event.getAuthDetails() != null) {
            put(members, "actor_id", event.getAuthDetails().getUserId());
            put(members, "ip", event.getAuthDetails().getIpAddress());
        }
        members.put("reset_reason", "administrator");
        return members;
    }

    private static Map<String, Object> start(String id, String tenant, String type, long time) {
        Map<String, Object> members = new LinkedHashMap<>();
        put(members, "log_id", id);
        members.put("tenant_id", tenant);
        members.put("event_type", type);
        members.put("occurred_at", time);
        return members;
    }

    /** A realm's name may hold what a tenant's may not; its id never does. */
    private static String tenant(String name, String id) {
        return name != null && name.matches("[A-Za-z0-9._:~-]{1,128}") ? name : id;
    }

    private static void put(Map<String, Object> members, String name, String value) {
        if (value != null && !value.isEmpty()) {
            members.put(name, value);
        }
    }
}
