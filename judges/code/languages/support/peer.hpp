// Both ends of the link between a test and a program: frames of four bytes of length and text, over descriptor 3.
// Only values of the standard library cross; both ends know their types, so the text names none:
//     numbers: in decimal or hexadecimal, then a blank    text: length, colon, bytes    the rest: count, blank, members
#pragma once
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>
#include <unistd.h>

namespace jurybox {

enum { UNASKED = 95, FAILED = 96, LOST = 97, UNREADABLE = 98 };
constexpr std::size_t MOST = std::size_t(64) << 20;
inline volatile std::sig_atomic_t asked = 0;

struct Unreadable {};

struct Reader {
    const std::string &text;
    std::size_t at = 0;
    std::size_t left() const { return text.size() - at; }
    char take() {
        if (!left()) throw Unreadable{};
        return text[at++];
    }
    std::string until(char stop) {
        auto end = text.find(stop, at);
        if (end == std::string::npos || end - at > 64) throw Unreadable{};
        auto word = text.substr(at, end - at);
        at = end + 1;
        return word;
    }
    template <class N> N number(N (*parse)(const char *, char **, int), char stop = ' ') {
        auto word = until(stop);
        char *end = nullptr;
        N value = parse(word.c_str(), &end, 10);
        if (word.empty() || *end) throw Unreadable{};
        return value;
    }
    std::size_t count(char stop = ' ') {  // of members, each of which takes a byte at least
        auto value = number<unsigned long long>(std::strtoull, stop);
        if (value > left()) throw Unreadable{};
        return std::size_t(value);
    }
};

template <class T> struct Crossing;  // no specialisation: values of this type do not cross

template <class T> void put(std::string &out, const T &value) { Crossing<T>::put(out, value); }
template <class T> T get(Reader &in) { return Crossing<T>::get(in); }

template <class T>
requires std::is_arithmetic_v<T>
struct Crossing<T> {
    static void put(std::string &out, T value) {
        if constexpr (std::is_floating_point_v<T>) {
            char word[64];
            std::snprintf(word, sizeof word, "%La ", (long double)value);
            out += word;
        } else if constexpr (std::is_signed_v<T>) out += std::to_string((long long)value) + ' ';
        else out += std::to_string((unsigned long long)value) + ' ';
    }
    static T get(Reader &in) {
        if constexpr (std::is_floating_point_v<T>) {
            auto word = in.until(' ');
            char *end = nullptr;
            auto value = std::strtold(word.c_str(), &end);
            if (word.empty() || *end) throw Unreadable{};
            return T(value);
        } else if constexpr (std::is_signed_v<T>) return T(in.number<long long>(std::strtoll));
        else return T(in.number<unsigned long long>(std::strtoull));
    }
};

template <> struct Crossing<std::string> {
    static void put(std::string &out, const std::string &value) { out += std::to_string(value.size()) + ':' + value; }
    static std::string get(Reader &in) {
        auto size = in.count(':');
        auto value = in.text.substr(in.at, size);
        in.at += size;
        return value;
    }
};

template <class C, class Member> struct Sequence {
    static void put(std::string &out, const C &value) {
        out += std::to_string(std::size_t(std::distance(value.begin(), value.end()))) + ' ';
        for (const auto &each : value) Crossing<Member>::put(out, each);
    }
    static C get(Reader &in) {
        C value;
        for (auto left = in.count(); left > 0; --left) value.insert(value.end(), Crossing<Member>::get(in));
        return value;
    }
};
template <class T> struct Crossing<std::vector<T>> : Sequence<std::vector<T>, T> {};
template <class T> struct Crossing<std::list<T>> : Sequence<std::list<T>, T> {};
template <class T> struct Crossing<std::deque<T>> : Sequence<std::deque<T>, T> {};
template <class T> struct Crossing<std::set<T>> : Sequence<std::set<T>, T> {};
template <class T> struct Crossing<std::multiset<T>> : Sequence<std::multiset<T>, T> {};
template <class T> struct Crossing<std::unordered_set<T>> : Sequence<std::unordered_set<T>, T> {};
template <class K, class V> struct Crossing<std::map<K, V>> : Sequence<std::map<K, V>, std::pair<K, V>> {};
template <class K, class V>
struct Crossing<std::unordered_map<K, V>> : Sequence<std::unordered_map<K, V>, std::pair<K, V>> {};

template <class A, class B> struct Crossing<std::pair<A, B>> {
    static void put(std::string &out, const std::pair<A, B> &value) {
        Crossing<A>::put(out, value.first);
        Crossing<B>::put(out, value.second);
    }
    static std::pair<A, B> get(Reader &in) {
        A first = Crossing<A>::get(in);
        return {std::move(first), Crossing<B>::get(in)};
    }
};
template <class... T> struct Crossing<std::tuple<T...>> {
    static void put(std::string &out, const std::tuple<T...> &value) {
        std::apply([&](const T &...each) { (Crossing<T>::put(out, each), ...); }, value);
    }
    static std::tuple<T...> get(Reader &in) { return std::tuple<T...>{Crossing<T>::get(in)...}; }
};
template <class T, std::size_t N> struct Crossing<std::array<T, N>> {
    static void put(std::string &out, const std::array<T, N> &value) {
        for (const auto &each : value) Crossing<T>::put(out, each);
    }
    static std::array<T, N> get(Reader &in) {
        std::array<T, N> value;
        for (auto &each : value) each = Crossing<T>::get(in);
        return value;
    }
};
template <class T> struct Crossing<std::optional<T>> {
    static void put(std::string &out, const std::optional<T> &value) {
        out += value ? '1' : '0';
        if (value) Crossing<T>::put(out, *value);
    }
    static std::optional<T> get(Reader &in) {
        if (in.take() == '0') return std::nullopt;
        return Crossing<T>::get(in);
    }
};

inline bool transfer(char *data, std::size_t size, bool out) {
    while (size > 0) {
        auto done = out ? ::write(3, data, size) : ::read(3, data, size);
        if (done <= 0) return false;
        data += done;
        size -= std::size_t(done);
    }
    return true;
}
inline bool send(std::string text) {
    std::uint32_t size = std::uint32_t(text.size());
    char head[4];
    std::memcpy(head, &size, 4);
    return transfer(head, 4, true) && transfer(text.data(), text.size(), true);
}
inline bool receive(std::string &text) {
    std::uint32_t size = 0;
    char head[4];
    if (!transfer(head, 4, false)) return false;
    std::memcpy(&size, head, 4);
    if (size > MOST) throw Unreadable{};
    text.assign(size, ' ');
    return transfer(text.data(), size, false);
}

template <class T> using Plain = std::remove_cv_t<std::remove_reference_t<T>>;
template <class T> void update(T &target, T &&value) { target = std::move(value); }
template <class T> void update(const T &, T &&) {}

// The test's end: what stands in the place of the function.
template <class Result, class... Args> Result ask(Args &...args) {
    asked = 1;
    std::string text;
    (Crossing<Plain<Args>>::put(text, args), ...);
    try {
        if (!send(text) || !receive(text)) ::_exit(LOST);
        Reader in{text};
        if (in.take() != 'v') throw std::runtime_error(get<std::string>(in));
        if constexpr (std::is_void_v<Result>) {
            (update(args, get<Plain<Args>>(in)), ...);
        } else {
            Plain<Result> result = get<Plain<Result>>(in);
            (update(args, get<Plain<Args>>(in)), ...);
            return result;
        }
    } catch (const Unreadable &) {
        ::_exit(UNREADABLE);
    }
}

inline void failed(int) { ::_exit(asked ? FAILED : UNASKED); }
struct Test {
    Test() {
        std::signal(SIGPIPE, SIG_IGN);
        for (int number : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(number, failed);
    }
    ~Test() {
        if (!asked) ::_exit(UNASKED);
    }
};

// The program's end.
template <class F, class R, class... Args> void serve(F function, R (F::*)(Args...) const) {
    std::string text;
    while (receive(text)) {
        std::string out;
        try {
            Reader in{text};
            std::tuple<Plain<Args>...> args{get<Plain<Args>>(in)...};
            auto call = [&](auto &...each) -> decltype(auto) { return function(static_cast<Args>(each)...); };
            if constexpr (std::is_void_v<R>) {
                out = "v";
                std::apply(call, args);
            } else {
                Plain<R> result = std::apply(call, args);
                out = "v";
                Crossing<Plain<R>>::put(out, result);
            }
            std::apply([&](auto &...each) { (Crossing<Plain<Args>>::put(out, each), ...); }, args);
        } catch (const std::exception &error) {
            out = "e";
            Crossing<std::string>::put(out, error.what());
        }
        if (!send(out)) return;
    }
}
template <class F> void serve(F function) { serve(function, &F::operator()); }

}  // namespace jurybox
