import java.util.Map;
import java.util.ServiceLoader;
import org.keycloak.Config;
import org.keycloak.events.Event;
import org.keycloak.events.EventListenerProvider;
import org.keycloak.events.EventListenerProviderFactory;
import org.keycloak.events.EventType;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.events.admin.AuthDetails;
import org.keycloak.events.admin.OperationType;

/** Keycloak's own events through the listener that its service loader finds; no server of Keycloak runs. */
public final class KeycloakEvents {
    private static int number;

    public static void main(String[] words) {
        System.setProperty("twinlog-test.socket", words[0]);
        EventListenerProviderFactory factory = ServiceLoader.load(EventListenerProviderFactory.class).findFirst().orElseThrow();
        factory.init(new Config.SystemPropertiesScope("twinlog-test."));
        EventListenerProvider listener = factory.create(null);
        Event success = event(words[1], EventType.LOGIN, null);
        listener.onEvent(success);
        listener.onEvent(success);
        listener.onEvent(event(words[1], EventType.LOGIN_ERROR, "invalid_user_credentials"));
        listener.onEvent(event(words[1], EventType.USER_DISABLED_BY_TEMPORARY_LOCKOUT, null));
        listener.onEvent(event(words[1], EventType.USER_DISABLED_BY_PERMANENT_LOCKOUT, null));
        listener.onEvent(event(words[1], EventType.CODE_TO_TOKEN, null));
        listener.onEvent(event(words[1], EventType.LOGOUT, null));
        listener.onEvent(adminEvent(words[1], OperationType.DELETE, "attack-detection/brute-force/users/user-1"), false);
        listener.onEvent(adminEvent(words[1], OperationType.UPDATE, "users/user-1"), false);
        listener.close();
        factory.close();
    }

    private static Event event(String realm, EventType type, String error) {
        Event event = new Event();
        event.setId("event-" + number++);
        event.setTime(1763971201000L);
        event.setType(type);
        event.setRealmId("realm-id");
        event.setRealmName(realm);
        event.setClientId("shop");
        event.setUserId("user-1");
        event.setSessionId("PLANTED-SESSION");
        event.setIpAddress("192.0.2.9");
        event.setError(error);
        event.setDetails(Map.of("username", "alice", "auth_method", "openid-connect", "auth_type", "code", "code_id", "PLANTED-CODE",
            "redirect_uri", "https://shop.example/?token=PLANTED-TOKEN"));
        return event;
    }

    private static AdminEvent adminEvent(String realm, OperationType operation, String path) {
        AuthDetails who = new AuthDetails();
        who.setUserId("admin-1");
        who.setIpAddress("192.0.2.10");
        AdminEvent event = new AdminEvent();
        event.setId("event-" + number++);
        event.setTime(1763971201000L);
        event.setRealmId("realm-id");
        event.setRealmName(realm);
        event.setAuthDetails(who);
        event.setOperationType(operation);
        event.setResourcePath(path);
        return event;
    }
}
