import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** Runs one mongo-java-server in memory on loopback until SIGTERM or SIGINT: Main PORT. */
final class Main {
    public static void main(String[] arguments) {
        MongoServer server = new MongoServer(new MemoryBackend());
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    }
}
