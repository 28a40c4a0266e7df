import java.util.List;
import java.util.Map;
import java.util.Scanner;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Rights BOOTSTRAP: gives those that standard input lists, a line for each: USER TYPE PATTERN NAME OPERATION, in the words of Kafka's enumerations. */
class Rights {
    public static void main(String[] arguments) throws Exception {
        List<AclBinding> rights = new Scanner(System.in).useDelimiter("\\A").next().lines().map(line -> line.split(" ")).map(word ->
            new AclBinding(new ResourcePattern(ResourceType.valueOf(word[1]), word[3], PatternType.valueOf(word[2])),
                new AccessControlEntry("User:" + word[0], "*", AclOperation.valueOf(word[4]), AclPermissionType.ALLOW))).toList();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            admin.createAcls(rights).all().get();
        }
    }
}
