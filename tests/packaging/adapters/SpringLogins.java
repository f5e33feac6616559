import dev.twinlog.client.Client;
import dev.twinlog.client.Options;
import dev.twinlog.spring.AuthenticationRecorder;
import java.nio.file.Path;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.security.authentication.DefaultAuthenticationEventPublisher;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.authentication.event.InteractiveAuthenticationSuccessEvent;
import org.springframework.security.authentication.event.LogoutSuccessEvent;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

/** Logins through Spring Security's own manager, provider and publisher; the recorder is the only thing of ours. */
public final class SpringLogins {
    public static void main(String[] words) {
        Options options = new Options();
        options.socket = Path.of(words[0]);
        Client client = new Client(options);
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.registerBean(AuthenticationRecorder.class, () -> new AuthenticationRecorder(client, words[1], "shop",
            (event, members) -> members.put("ip", "192.0.2.9")));
        context.refresh();
        DaoAuthenticationProvider provider = new DaoAuthenticationProvider();
        provider.setUserDetailsService(new InMemoryUserDetailsManager(
            User.withUsername("alice").password("{noop}PLANTED-WORD").roles("user").build(),
            User.withUsername("locked").password("{noop}PLANTED-WORD").roles("user").accountLocked(true).build()));
        ProviderManager manager = new ProviderManager(provider);
        manager.setAuthenticationEventPublisher(new DefaultAuthenticationEventPublisher(context));
        Authentication alice = tryToLogin(manager, "alice", "PLANTED-WORD");
        tryToLogin(manager, "alice", "PLANTED-WRONG");
        tryToLogin(manager, "locked", "PLANTED-WORD");
        tryToLogin(manager, "nobody", "PLANTED-WORD");
        context.publishEvent(new InteractiveAuthenticationSuccessEvent(alice, SpringLogins.class));
        context.publishEvent(new LogoutSuccessEvent(alice));
        context.close();
        System.exit(client.close(java.time.Duration.ofSeconds(30)));
    }

    private static Authentication tryToLogin(ProviderManager manager, String name, String password) {
        try {
            return manager.authenticate(UsernamePasswordAuthenticationToken.unauthenticated(name, password));
        } catch (AuthenticationException refused) {
            return null;
        }
    }
}
