package dev.twinlog.keycloak;

import dev.twinlog.client.Client;
import dev.twinlog.client.Options;
import java.nio.file.Path;
import java.util.Map;
import org.keycloak.Config;
import org.keycloak.events.Event;
import org.keycloak.events.EventListenerProvider;
import org.keycloak.events.EventListenerProviderFactory;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;

/**
 * Keycloak's event listener "twinlog": put the jars of this adapter and of the client into providers/, build, and add the listener to
 * a realm's events. spi-events-listener-twinlog-socket is the agent's socket where it is not the usual one. An event is recorded when
 * Keycloak tells it, also where its transaction is rolled back: a try is a try. Nothing here waits for the agent.
 */
public final class RecordingListenerFactory implements EventListenerProviderFactory {
    private Client client;

    @Override
    public String getId() {
        return "twinlog";
    }

    @Override
    public void init(Config.Scope settings) {
        Options options = new Options();
        options.socket = Path.of(settings.get("socket", options.socket.toString()));
        client = new Client(options);
    }

    @Override
    public void postInit(KeycloakSessionFactory sessions) {}

    @Override
    public EventListenerProvider create(KeycloakSession session) {
        return new EventListenerProvider() {
            @Override
            public void onEvent(Event event) {
                record(EventMapping.of(event));
            }

            @Override
            public void onEvent(AdminEvent event, boolean includeRepresentation) {
                record(EventMapping.of(event));
            }

            @Override
            public void close() {}
        };
    }

    private void record(Map<String, Object> members) {
        if (members != null) {
            client.record(members, null);
        }
    }

    @Override
    public void close() {
        if (client != null) {
            client.close();
        }
    }
}
