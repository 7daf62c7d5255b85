// The shipped vectors, as lines of fields between tabs (see kotlin-test.sh), through the Kotlin sources on a JVM.

import java.io.File
import java.security.SecureRandom
import kotlin.system.exitProcess
import uniffi.mimi.*

fun octets(hex: String) = ByteArray(hex.length / 2) { hex.substring(2 * it, 2 * it + 2).toInt(16).toByte() }

fun random(length: Int) = ByteArray(length).also { SecureRandom().nextBytes(it) }

fun main(arguments: Array<String>) {
    var cases = 0
    var failures = 0
    fun check(name: String, holds: Boolean) {
        if (!holds) {
            failures += 1
            System.err.println("failed: $name")
        }
    }
    File(arguments[0]).forEachLine { line ->
        val fields = line.split("\t")
        val (kind, name) = fields
        cases += 1
        when (kind) {
            "content" -> {
                val (encoded, sender, room, id) = fields.drop(2)
                val message = Message.decode(octets(encoded))
                check(name, message.messageId(sender, room) == id && message.encode().contentEquals(octets(encoded)))
                check(name, Message.fromJson(message.toJson()).encode().contentEquals(octets(encoded)))
            }
            "content-invalid" -> {
                val error = try { Message.decode(octets(fields[2])); null } catch (error: MimiException.Refused) { error }
                check(name, error != null && error.reason != null && error.offset != null)
            }
            "message-status" -> check(name, encodeStatusReport(decodeStatusReport(octets(fields[2]))).contentEquals(octets(fields[2])))
            "policy" -> check(name, Case.parse(fields[2]).decide().allow == (fields[3] == "true"))
            "timeline" -> {
                val conversation = Conversation(fields[2].ifEmpty { null })
                fields.drop(5).forEach { conversation.take(it) }
                // Both sides write JSON with sorted members and without white space.
                check(name, conversation.rooms(fields[3].toULong()) == fields[4])
            }
            "franking" -> {
                val (data, sender, room, tag) = fields.drop(2)
                val framing = if (fields[6] == "application_framing") Framing.APPLICATION_FRAMING else Framing.BARE
                val commitment = Franking(Construction.Signed, framing).commit(octets(data), sender, room)
                check(name, commitment.frankingTag.contentEquals(octets(tag)))
            }
            else -> check("unknown kind $kind", false)
        }
    }
    val alice = Composer("mimi://a.example/u/alice", "mimi://hub.example/r/clubhouse")
    val message = alice.message(random(16), Text("Hello", markdown = true), Options())
    check("preview", message.preview(ClientProfile()).line == "Hello")
    val sealer = FileSealer(Aead.AES128_GCM, random(32))
    val stored = sealer.seal("a rocket".toByteArray())
    val sealed = sealer.finish("https://a.example/r", "image/gif")
    val opener = FileOpener.ofFile(sealed.file, 0u)
    opener.verify(stored + sealed.tag)
    opener.verified()
    check("file", String(opener.open(stored + sealed.tag)) == "a rocket")
    opener.finish()
    println("$cases cases, $failures failures")
    if (failures > 0 || cases < 1000) exitProcess(1)
}
